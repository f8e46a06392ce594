"""Telemetry: metrics, a line in the log for each request, and traces.

Other packages count in plain attributes, which is cheaper than updating metrics. The collectors
here read these when metrics are requested, and name them for Prometheus.
"""
