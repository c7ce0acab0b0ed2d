"""The operator's console: pages on the operator's socket that show what waits for a human, and take the decision.

`console_app` gives an application to be mounted at `PREFIX`; nothing here is ever served on the cloud-facing socket.
The pages show original text to whoever is logged in and to nobody else; nothing of it is logged.
"""

from egress_proxy.console.application import console_app
from egress_proxy.console.seam import Behind, Gates, Operators
from egress_proxy.console.urls import PREFIX

__all__ = ["PREFIX", "Behind", "Gates", "Operators", "console_app"]
