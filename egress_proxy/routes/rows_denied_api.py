"""The second API, `/api/*`: stubs on 1.15.13, a second server on 1.18.33 that runs models, tools and terminals.

Its asks are invisible to `GET /permission`, so nothing run through it could be gated, and its answers leak as those of
the first API do (FACTS "Semantics"). `GET /api/health` alone crosses.
"""

from __future__ import annotations

from egress_proxy.model import Row
from egress_proxy.routes.rows_denied import Denial, denied
from egress_proxy.routes.rows_open import BOTH, NEWEST

_NEW = (NEWEST,)
_SESSION = "/api/session/{sessionID}"
_ASK = "/api/session/{sessionID}/permission/{requestID}"
_QUESTION = "/api/session/{sessionID}/question/{requestID}"
_ATTEMPT = "/api/integration/attempt/{attemptID}"

_CATALOGUE: tuple[Denial, ...] = (
    (_NEW, "GET /api/location", "Resolves directories, those outside the allowed ones too."),
    (_NEW, "GET /api/agent", "Shows agents with their prompts and rules; `GET /agent` crosses."),
    (BOTH, "GET /api/model", "Shows models with options and headers; `GET /config/providers` crosses."),
    (BOTH, "GET /api/provider", "Shows providers with keys and options; `GET /provider` crosses."),
    (BOTH, "GET /api/provider/{providerID}", "Shows a provider with keys and options; `GET /provider` crosses."),
    (_NEW, "GET /api/command", "Shows commands with their templates; `GET /command` crosses."),
    (_NEW, "GET /api/skill", "Shows skills with their content; `GET /skill` crosses."),
    (_NEW, "GET /api/reference", "Lists references outside the directory."),
    (_NEW, "GET /api/event", "Every event of every directory, uncut; `GET /event` crosses."),
    (_NEW, "GET /api/fs/read/*", "Any file's content, .env included, without an ask."),
    (_NEW, "GET /api/fs/list", "Lists any directory that `location` names; `GET /file` crosses."),
    (_NEW, "GET /api/fs/find", "Searches any directory that `location` names; `GET /find/file` crosses."),
)

_CREDENTIALS: tuple[Denial, ...] = (
    (_NEW, "GET /api/integration", "Shows how the operator's integrations log in."),
    (_NEW, "GET /api/integration/{integrationID}", "Shows how an integration of the operator logs in."),
    (_NEW, "POST /api/integration/{integrationID}/connect/key", "Stores a credential."),
    (_NEW, "POST /api/integration/{integrationID}/connect/oauth", "Starts a login that ends in stored credentials."),
    (_NEW, f"GET {_ATTEMPT}", "Shows the state of the operator's login."),
    (_NEW, f"DELETE {_ATTEMPT}", "Cancels the operator's login."),
    (_NEW, f"POST {_ATTEMPT}/complete", "Stores credentials from a login."),
    (_NEW, "PATCH /api/credential/{credentialID}", "Changes a stored credential's label."),
    (_NEW, "DELETE /api/credential/{credentialID}", "Removes a stored credential."),
)

_SESSIONS: tuple[Denial, ...] = (
    (BOTH, "GET /api/session", "Lists sessions of every directory and client; `GET /session` crosses."),
    (_NEW, "POST /api/session", "Starts a session whose asks nobody can see; `POST /session` crosses."),
    (_NEW, "GET /api/session/active", "Lists running sessions of every client; `GET /session/status` crosses."),
    (_NEW, f"GET {_SESSION}", "Shows a session uncut; `GET /session/{sessionID}` crosses."),
    (_NEW, f"POST {_SESSION}/agent", "Switches the agent past the operator's list."),
    (_NEW, f"POST {_SESSION}/model", "Switches the model past the operator's list, to a cloud model too."),
    (BOTH, f"POST {_SESSION}/prompt", "Runs a turn whose asks nobody can see; the first API's `message` crosses."),
    (BOTH, f"POST {_SESSION}/compact", "Runs a model past the operator's list."),
    (BOTH, f"POST {_SESSION}/wait", "Belongs to turns of the second API, which do not cross."),
    (_NEW, f"POST {_SESSION}/revert/stage", "Rewrites files and hides messages without an ask."),
    (_NEW, f"POST {_SESSION}/revert/clear", "Rewrites files without an ask."),
    (_NEW, f"POST {_SESSION}/revert/commit", "Deletes messages for good."),
    (BOTH, f"GET {_SESSION}/context", "The model's whole context: tool output and file content, uncut."),
    (_NEW, f"GET {_SESSION}/history", "Every durable event of a session, uncut."),
    (_NEW, f"GET {_SESSION}/event", "Every durable event of a session, uncut, from the first."),
    (_NEW, f"POST {_SESSION}/interrupt", "Belongs to turns of the second API; the first API's `abort` crosses."),
    (_NEW, f"GET {_SESSION}/message/{{messageID}}", "A message uncut; the first API's crosses."),
    (BOTH, f"GET {_SESSION}/message", "Messages uncut; the first API's cross."),
)

_ASKS: tuple[Denial, ...] = (
    (_NEW, "GET /api/permission/request", "Asks of turns that do not cross; `GET /permission` crosses."),
    (_NEW, "GET /api/permission/saved", "Shows the lasting rules of the operator."),
    (_NEW, "DELETE /api/permission/saved/{id}", "Changes the lasting rules of the operator."),
    (_NEW, f"POST {_SESSION}/permission", "Makes an ask in the agent's name."),
    (_NEW, f"GET {_SESSION}/permission", "Asks of turns that do not cross; `GET /permission` crosses."),
    (_NEW, f"GET {_ASK}", "Asks of turns that do not cross; `GET /permission` crosses."),
    (_NEW, f"POST {_ASK}/reply", "Answers asks past the gate policy, with lasting rules too."),
    (_NEW, "GET /api/question/request", "Questions of turns that do not cross; `GET /question` crosses."),
    (_NEW, f"GET {_SESSION}/question", "Questions of turns that do not cross; `GET /question` crosses."),
    (_NEW, f"POST {_QUESTION}/reply", "Answers questions of turns that do not cross."),
    (_NEW, f"POST {_QUESTION}/reject", "Answers questions of turns that do not cross."),
)

_TERMINALS: tuple[Denial, ...] = (
    (_NEW, "GET /api/pty", "Lists the operator's terminals with command lines."),
    (_NEW, "POST /api/pty", "Runs a command without asking anyone."),
    (_NEW, "GET /api/pty/{ptyID}", "Shows a terminal's command line and directory."),
    (_NEW, "PUT /api/pty/{ptyID}", "Changes a terminal."),
    (_NEW, "DELETE /api/pty/{ptyID}", "Kills a terminal."),
    (_NEW, "POST /api/pty/{ptyID}/connect-token", "Gives a ticket to type into a terminal."),
    (_NEW, "GET /api/pty/{ptyID}/connect", "A WebSocket into a terminal, unscanned in both directions."),
)

DENIED_API: tuple[Row, ...] = denied(_CATALOGUE + _CREDENTIALS + _SESSIONS + _ASKS + _TERMINALS)
