"""How much one request may ask for, and one principal in a second."""
