"""How much is carried out at once: by cost, by rate, and in turns of the event loop."""
