"""Internal details that no message to a client may show."""

import re

# What Python would say of itself.
PYTHON = re.compile(r"Traceback|\.py\b|object at 0x|<class|\bsys\.|Error\(|NoneType|UndefinedType")
