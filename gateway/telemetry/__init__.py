"""What is told of the gateway's work: metrics, a line in the log for each request, traces.

The work itself counts by plain numbers, which costs it next to nothing; what they are called in the
words of Prometheus stands here, and they are looked up when somebody asks.
"""
