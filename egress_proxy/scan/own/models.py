"""Tokens of model providers and of the tools around them."""

from __future__ import annotations

from egress_proxy.scan.tokens import Token

TOKENS = (
    Token("anthropic-api-key", "sk-ant-{w20}"),
    Token("apify-token", "apify_api_{A30}"),
    Token("cerebras-key", "csk-{a40}"),
    Token("cursor-key", "key_{h60}"),
    Token("e2b-key", "e2b_{h40}"),
    Token("elevenlabs-key", "sk_{h48}"),
    Token("firecrawl-key", "fc-{h32}"),
    Token("fireworks-key", "fw_{A22}", weak=True),
    Token("friendli-key", "flp_{A30}", weak=True),
    Token("groq-api-key", "gsk_{A40}"),
    Token("huggingface-token", "(hf|api_org)_{L34}"),
    Token("jina-key", "jina_{A40}"),
    Token("langfuse-key", "(sk|pk)-lf-{uuid}"),
    Token("langsmith-key", "lsv2_(pt|sk)_{h32}_{h10}"),
    Token("langsmith-key", "ls__{h32}"),
    Token("llama-cloud-key", "llx-{w40}"),
    Token("modal-token", "a(k|s)-{A22}", weak=True),
    Token("nvidia-key", "nvapi-{w40}"),
    Token("openai-api-key", "sk-(proj|svcacct|admin|None|service)-{w20}"),
    Token("openai-session", "sess-{A40}"),
    Token("perplexity-api-key", "pplx-{A40}"),
    Token("pinecone-key", "pcsk_{W40}"),
    Token("replicate-token", "r8_{A37}"),
    Token("runpod-key", "rpa_{U36}"),
    Token("secret-key-token", "sk-(or-v1-|helicone-|lf-|ak-|cp-|kimi-|litellm-|sp-|){A32}"),
    Token("tavily-key", "tvly-(dev-|prod-|){A20}"),
    Token("together-key", "tgp_v1_{w40}"),
    Token("unkey-token", "unkey_{A16}", weak=True),
    Token("voyage-key", "(pa|al)-{w43}", weak=True),
    Token("wandb-key", "wandb_v1_{W40}"),
    Token("xai-api-key", "xai-{A60}"),
)
