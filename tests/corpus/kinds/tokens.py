"""Kinds that are one token: of a documented form, or of none, with the name that people give it.

Where a provider publishes neither alphabet nor length, the entry has those of the tokens in its own documentation.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Final, NamedTuple

from tests.corpus.kinds.planted import Kind, Planted
from tests.corpus.parts import BECH32, Parts, crc_base62, url_json


class Token(NamedTuple):
    label: str  # as people write it in a sentence
    name: str  # of the variable that holds it
    make: Callable[[Parts], str]


def _checked(head: str, length: int) -> Callable[[Parts], str]:
    def make(parts: Parts) -> str:
        body = parts.base62(length - 6)
        return head + body + crc_base62(body)

    return make


def _stripe(parts: Parts) -> str:
    return parts.choice("sk", "rk") + "_li" + "ve_" + parts.base62(parts.choice(24, 99))


def _grafana_cloud(parts: Parts) -> str:
    policy = {"o": parts.digits(6), "n": f"stack-{parts.digits(6)}-push", "k": parts.base62(24), "m": {"r": "eu"}}
    return "gl" + "c_" + base64.b64encode(json.dumps(policy, separators=(",", ":")).encode()).decode()


def _sentry_org(parts: Parts) -> str:
    claims = {"iat": 1_700_000_000, "url": "https://sentry.io", "region_url": "https://de.sentry.io", "org": "acme"}
    body = base64.b64encode(json.dumps(claims, separators=(",", ":")).encode()).decode()
    return f"sn{'try'}s_{body}_{parts.base64(32).rstrip('=')}"


def _one_password(parts: Parts) -> str:
    claims = {"signInAddress": "acme.1password.com", "userAuth": {"method": "SRPg-4096", "alg": "PBES2g-HS256"},
              "email": parts.lower(12) + "@1passwordserviceaccounts.com", "srpX": parts.hex(64),
              "muk": {"alg": "A256GCM", "ext": True, "k": parts.url64(43)}, "deviceUuid": parts.lower(26)}  # fmt: skip
    return "op" + "s_" + url_json(claims)


def _discord(parts: Parts) -> str:
    user = base64.urlsafe_b64encode(parts.digits(18).encode()).decode()
    return f"{user}.{parts.base62(6)}.{parts.url64(38)}"


def _fly(parts: Parts) -> str:
    return "Fly" + "V1 fm" + "2_" + parts.base64(180) + ",fm" + "2_" + parts.base64(90)


def _pypi(parts: Parts) -> str:
    scope = f'{{"version": 1, "permissions": "user"}}{parts.uuid()}'
    body = base64.urlsafe_b64encode(b"\x00\x02" + scope.encode() + parts.random.randbytes(34)).decode().rstrip("=")
    return "py" + "pi-AgEIcHlwaS5vcmcCJ" + body


def _mapbox(parts: Parts) -> str:
    return "s" + "k." + url_json({"u": "acme-maps", "a": "cl" + parts.lower(23)}) + "." + parts.url64(22)


TOKENS: Final[dict[str, Token]] = {
    # Clouds and hosting.
    "aws-secret-key": Token("AWS secret access key", "AWS_SECRET_ACCESS_KEY", lambda p: p.base64(30)),
    "azure-client-secret": Token(
        "Azure client secret", "AZURE_CLIENT_SECRET", lambda p: p.base62(3) + "8Q" + "~" + p.url64(34)
    ),
    "azure-storage-key": Token("storage account key", "AZURE_STORAGE_KEY", lambda p: p.base64(64)),
    "google-api-key": Token("Google API key", "GOOGLE_MAPS_API_KEY", lambda p: "AI" + "za" + p.url64(35)),
    "google-oauth-secret": Token(
        "Google client secret", "GOOGLE_CLIENT_SECRET", lambda p: "GOC" + "SPX-" + p.url64(28)
    ),
    "google-refresh-token": Token(
        "Google refresh token", "GOOGLE_REFRESH_TOKEN", lambda p: "1/" + "/0" + p.lower(1) + p.url64(60)
    ),
    "digitalocean": Token("DigitalOcean token", "DIGITALOCEAN_ACCESS_TOKEN", lambda p: "do" + "p_v1_" + p.hex(64)),
    "heroku-uuid": Token("Heroku API key", "HEROKU_API_KEY", lambda p: p.uuid()),
    "cloudflare": Token("Cloudflare API token", "CLOUDFLARE_API_TOKEN", lambda p: p.url64(40)),
    "fly-io": Token("Fly.io deploy token", "FLY_API_TOKEN", _fly),
    "netlify": Token("Netlify token", "NETLIFY_AUTH_TOKEN", lambda p: "nf" + "p_" + p.base62(36)),
    "vercel": Token("Vercel token", "VERCEL_TOKEN", lambda p: p.base62(24)),
    "linode": Token("Linode API token", "LINODE_TOKEN", lambda p: p.hex(64)),
    "hetzner": Token("Hetzner Cloud token", "HCLOUD_TOKEN", lambda p: p.base62(64)),
    "alibaba-secret": Token("Aliyun access key secret", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", lambda p: p.base62(30)),
    "scaleway": Token("Scaleway secret key", "SCW_SECRET_KEY", lambda p: p.uuid()),
    # Models.
    "openai-project": Token(
        "OpenAI key", "OPENAI_API_KEY", lambda p: "sk-" + "proj-" + p.url64(74) + "T3Blbk" + "FJ" + p.url64(74)
    ),
    "anthropic": Token("Anthropic key", "ANTHROPIC_API_KEY", lambda p: "sk-" + "ant-api03-" + p.url64(93) + "AA"),
    "huggingface": Token(
        "Hugging Face token",
        "HF_TOKEN",
        lambda p: "hf" + "_" + p.of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", 34),
    ),
    "groq": Token("Groq key", "GROQ_API_KEY", lambda p: "gs" + "k_" + p.base62(52)),
    "replicate": Token("Replicate token", "REPLICATE_API_TOKEN", lambda p: "r8" + "_" + p.base62(37)),
    "perplexity": Token("Perplexity key", "PERPLEXITY_API_KEY", lambda p: "pp" + "lx-" + p.base62(48)),
    "xai": Token("xAI key", "XAI_API_KEY", lambda p: "xa" + "i-" + p.base62(80)),
    "deepseek": Token("DeepSeek API key", "DEEPSEEK_API_KEY", lambda p: "s" + "k-" + p.hex(32)),
    "mistral": Token("Mistral API key", "MISTRAL_API_KEY", lambda p: p.base62(32)),
    "openrouter": Token("OpenRouter key", "OPENROUTER_API_KEY", lambda p: "sk-" + "or-v1-" + p.hex(64)),
    "elevenlabs": Token("ElevenLabs API key", "ELEVENLABS_API_KEY", lambda p: "s" + "k_" + p.hex(48)),
    "pinecone": Token("Pinecone API key", "PINECONE_API_KEY", lambda p: "pc" + "sk_" + p.base62(70)),
    # Forges, registries, delivery.
    "github-classic": Token("GitHub token", "GITHUB_TOKEN", _checked("gh" + "p_", 36)),
    "github-fine": Token("GitHub token", "GH_TOKEN", lambda p: "github" + "_pat_" + p.base62(22) + "_" + p.base62(59)),
    "gitlab": Token("GitLab token", "GITLAB_TOKEN", lambda p: "gl" + "pat-" + p.url64(20)),
    "gitlab-runner": Token("GitLab runner token", "CI_RUNNER_TOKEN", lambda p: "gl" + "rt-" + p.url64(20)),
    "gitea": Token("Gitea access token", "GITEA_TOKEN", lambda p: p.hex(40)),
    "bitbucket-app": Token(
        "Bitbucket app password", "BITBUCKET_APP_PASSWORD", lambda p: "AT" + "BB" + p.base62(24) + p.upper(8)
    ),
    "npm": Token("npm token", "NPM_TOKEN", _checked("np" + "m_", 36)),
    "pypi": Token("PyPI token", "TWINE_PASSWORD", _pypi),
    "rubygems": Token("RubyGems key", "GEM_HOST_API_KEY", lambda p: "ruby" + "gems_" + p.hex(48)),
    "crates-io": Token("crates.io token", "CARGO_REGISTRY_TOKEN", lambda p: "ci" + "o" + p.base62(32)),
    "nuget": Token("NuGet key", "NUGET_API_KEY", lambda p: "oy" + "2" + p.of("abcdefghijklmnopqrstuvwxyz234567", 43)),
    "docker-hub": Token("Docker Hub token", "DOCKERHUB_TOKEN", lambda p: "dc" + "kr_pat_" + p.url64(27)),
    "artifactory": Token("Artifactory API key", "ARTIFACTORY_API_KEY", lambda p: "AK" + "Cp" + p.base62(69)),
    "circleci": Token("CircleCI token", "CIRCLECI_TOKEN", lambda p: "CCI" + "PAT_" + p.base62(22) + "_" + p.hex(40)),
    "buildkite": Token("Buildkite token", "BUILDKITE_API_TOKEN", lambda p: "bk" + "ua_" + p.hex(40)),
    "sonarqube": Token("SonarQube token", "SONAR_TOKEN", lambda p: "sq" + "p_" + p.hex(40)),
    "codecov-uuid": Token("Codecov token", "CODECOV_TOKEN", lambda p: p.uuid()),
    "snyk-uuid": Token("Snyk API token", "SNYK_TOKEN", lambda p: p.uuid()),
    "terraform-cloud": Token(
        "Terraform Cloud token", "TF_TOKEN_app_terraform_io", lambda p: p.base62(14) + ".atlas" + "v1." + p.base62(67)
    ),
    "pulumi": Token("Pulumi token", "PULUMI_ACCESS_TOKEN", lambda p: "pu" + "l-" + p.hex(40)),
    "launchdarkly": Token("LaunchDarkly SDK key", "LAUNCHDARKLY_SDK_KEY", lambda p: "sd" + "k-" + p.uuid()),
    # Secret stores and networks.
    "vault-service": Token("Vault token", "VAULT_TOKEN", lambda p: "hv" + "s." + p.url64(91)),
    "vault-old": Token("Vault root token", "VAULT_TOKEN", lambda p: "s" + "." + p.base62(24)),
    "doppler": Token("Doppler token", "DOPPLER_TOKEN", lambda p: "dp" + ".st.prd." + p.base62(43)),
    "one-password": Token("1Password service account token", "OP_SERVICE_ACCOUNT_TOKEN", _one_password),
    "tailscale": Token(
        "Tailscale auth key", "TS_AUTHKEY", lambda p: "tsk" + "ey-auth-k" + p.base62(11) + "CNTRL-" + p.base62(32)
    ),
    "age": Token("age identity", "SOPS_AGE_KEY", lambda p: "AGE-SECRET" + "-KEY-1" + p.of(BECH32, 58).upper()),
    "wireguard": Token("WireGuard private key", "WG_PRIVATE_KEY", lambda p: p.base64(32)),
    # Chat, mail, telephony.
    "slack-bot": Token(
        "Slack bot token", "SLACK_BOT_TOKEN", lambda p: f"xo{'xb'}-{p.digits(12)}-{p.digits(13)}-{p.base62(24)}"
    ),
    "slack-app": Token(
        "Slack app token", "SLACK_APP_TOKEN", lambda p: f"xa{'pp'}-1-A{p.upper(10)}-{p.digits(13)}-{p.hex(64)}"
    ),
    "slack-signing": Token("Slack signing secret", "SLACK_SIGNING_SECRET", lambda p: p.hex(32)),
    "discord-bot": Token("Discord bot token", "DISCORD_TOKEN", _discord),
    "telegram-bot": Token("Telegram bot token", "TELEGRAM_BOT_TOKEN", lambda p: f"{p.digits(10)}:AA{p.url64(33)}"),
    "twilio-auth": Token("Twilio auth token", "TWILIO_AUTH_TOKEN", lambda p: p.hex(32)),
    "twilio-key": Token("Twilio API key", "TWILIO_API_KEY", lambda p: "S" + "K" + p.hex(32)),
    "sendgrid": Token("SendGrid key", "SENDGRID_API_KEY", lambda p: f"S{'G'}.{p.url64(22)}.{p.url64(43)}"),
    "mailgun": Token("Mailgun key", "MAILGUN_API_KEY", lambda p: f"{p.hex(32)}-{p.hex(8)}-{p.hex(8)}"),
    "mailgun-old": Token("Mailgun key", "MAILGUN_API_KEY", lambda p: "ke" + "y-" + p.hex(32)),
    "mailchimp": Token("Mailchimp key", "MAILCHIMP_API_KEY", lambda p: f"{p.hex(32)}-us{p.number(1, 21)}"),
    "postmark-uuid": Token("Postmark server token", "POSTMARK_SERVER_TOKEN", lambda p: p.uuid()),
    "resend": Token("Resend key", "RESEND_API_KEY", lambda p: "re" + "_" + p.base62(8) + "_" + p.base62(24)),
    # Payment and shops.
    "stripe-live": Token("Stripe key", "STRIPE_SECRET_KEY", _stripe),
    "stripe-webhook": Token("Stripe webhook secret", "STRIPE_WEBHOOK_SECRET", lambda p: "wh" + "sec_" + p.base62(32)),
    "square": Token("Square access token", "SQUARE_ACCESS_TOKEN", lambda p: "EA" + "AA" + p.url64(60)),
    "shopify": Token("Shopify admin token", "SHOPIFY_ACCESS_TOKEN", lambda p: "shp" + "at_" + p.hex(32)),
    "paypal": Token("PayPal client secret", "PAYPAL_CLIENT_SECRET", lambda p: "E" + p.url64(79)),
    "razorpay": Token("Razorpay key secret", "RAZORPAY_KEY_SECRET", lambda p: p.base62(24)),
    # Watching.
    "datadog-api": Token("Datadog API key", "DD_API_KEY", lambda p: p.hex(32)),
    "datadog-app": Token("Datadog application key", "DD_APP_KEY", lambda p: p.hex(40)),
    "new-relic": Token("New Relic key", "NEW_RELIC_API_KEY", lambda p: "NR" + "AK-" + p.upper(27)),
    "grafana-service": Token("Grafana token", "GRAFANA_TOKEN", lambda p: f"gl{'sa'}_{p.base62(32)}_{p.hex(8)}"),
    "grafana-cloud": Token("Grafana Cloud token", "GRAFANA_CLOUD_TOKEN", _grafana_cloud),
    "sentry-org": Token("Sentry auth token", "SENTRY_AUTH_TOKEN", _sentry_org),
    "sentry-user": Token("Sentry auth token", "SENTRY_AUTH_TOKEN", lambda p: f"sn{'try'}u_{p.hex(64)}"),
    "dynatrace": Token("Dynatrace token", "DT_API_TOKEN", lambda p: f"dt{'0c'}01.{p.upper(24)}.{p.upper(64)}"),
    "pagerduty": Token("PagerDuty API key", "PAGERDUTY_TOKEN", lambda p: "u+" + p.url64(18)),
    "honeycomb": Token("Honeycomb API key", "HONEYCOMB_API_KEY", lambda p: "hc" + "aik_" + p.lower(58)),
    # Work and data.
    "notion": Token("Notion integration token", "NOTION_TOKEN", lambda p: "nt" + "n_" + p.digits(11) + p.base62(35)),
    "linear": Token("Linear key", "LINEAR_API_KEY", lambda p: "lin" + "_api_" + p.base62(40)),
    "atlassian": Token("Jira token", "JIRA_API_TOKEN", lambda p: "AT" + "ATT3xFfGF0" + p.url64(172) + "=" + p.upper(8)),
    "airtable": Token("Airtable token", "AIRTABLE_TOKEN", lambda p: f"pa{'t'}{p.base62(14)}.{p.hex(64)}"),
    "asana": Token("Asana token", "ASANA_TOKEN", lambda p: f"2/{p.digits(16)}/{p.digits(16)}:{p.hex(32)}"),
    "figma": Token("Figma token", "FIGMA_TOKEN", lambda p: "fig" + "d_" + p.url64(40)),
    "postman": Token("Postman key", "POSTMAN_API_KEY", lambda p: f"PM{'AK'}-{p.hex(24)}-{p.hex(34)}"),
    "contentful": Token("Contentful token", "CONTENTFUL_MANAGEMENT_TOKEN", lambda p: "CF" + "PAT-" + p.url64(43)),
    "mapbox-secret": Token("Mapbox secret token", "MAPBOX_TOKEN", _mapbox),
    "algolia-admin": Token("Algolia admin API key", "ALGOLIA_ADMIN_KEY", lambda p: p.hex(32)),
    "databricks": Token("Databricks token", "DATABRICKS_TOKEN", lambda p: "da" + "pi" + p.hex(32)),
    "planetscale": Token("PlanetScale password", "DATABASE_PASSWORD", lambda p: "psc" + "ale_pw_" + p.url64(43)),
    "supabase-personal": Token("Supabase token", "SUPABASE_ACCESS_TOKEN", lambda p: "sb" + "p_" + p.hex(40)),
    "supabase-service": Token(
        "Supabase service role key",
        "SUPABASE_SERVICE_ROLE_KEY",
        lambda p: p.jwt(claims={"iss": "supabase", "ref": p.lower(20), "role": "service_role", "exp": 2_000_000_000}),
    ),
    "okta": Token("Okta API token", "OKTA_API_TOKEN", lambda p: "00" + p.url64(40)),
    "auth0-secret": Token("Auth0 client secret", "AUTH0_CLIENT_SECRET", lambda p: p.url64(64)),
    # Keys of frameworks and of nobody in particular.
    "rails-master-key": Token("Rails master key", "RAILS_MASTER_KEY", lambda p: p.hex(32)),
    "django-secret-key": Token(
        "Django secret key",
        "DJANGO_SECRET_KEY",
        lambda p: p.of("abcdefghijklmnopqrstuvwxyz0123456789!@#%^&*(-_=+)", 50),
    ),
    "laravel-app-key": Token("Laravel app key", "APP_KEY", lambda p: "base64:" + p.base64(32)),
    "fernet-key": Token("Fernet key", "FERNET_KEY", lambda p: p.url64(43) + "="),
    "hmac-hex-key": Token("signing key", "SIGNING_KEY", lambda p: p.hex(64)),
    "ethereum-key": Token("private key of the wallet", "PRIVATE_KEY", lambda p: "0x" + p.hex(64)),
    "jwt-secret": Token("JWT secret", "JWT_SECRET", lambda p: p.base62(48)),
    "session-jwt": Token("access token", "ACCESS_TOKEN", lambda p: p.jwt(256)),
    "generic-api-key": Token("API key", "API_KEY", lambda p: p.base62(32)),
    "generic-password": Token("database password", "DB_PASSWORD", lambda p: p.password(16)),
}


def placed(token: Token) -> Kind:
    """Make a kind of a token: each instance stands in another sort of place."""

    def kind(parts: Parts, instance: int) -> Planted:
        value = token.make(parts)
        return Planted(_PLACES[instance % len(_PLACES)](parts, token, value), (value,))

    return kind


def _in_prose(parts: Parts, token: Token, value: str) -> str:
    label = token.label
    return parts.choice(
        f"The {label} in use is {value} and it has not expired yet.",
        f"I found the {label} `{value}` in the settings of the project.",
        f"You can reuse my {label}: {value}",
        f"Calls with the {label} {value} are answered with 403.",
        f"Sure, here is the {label} ({value}), as it stands in the file.",
    )


def _in_markdown(parts: Parts, token: Token, value: str) -> str:
    label = token.label
    return parts.choice(
        f"- **{label}**: `{value}`",
        f"| setting | value |\n|---|---|\n| region | eu-central-1 |\n| {label} | `{value}` |",
        f"### Settings\n\n```\n{token.name}={value}\nLOG_LEVEL=info\n```",
        f"1. **{label}:** {value}\n2. Restart the service.",
    )


def _in_json(parts: Parts, token: Token, value: str) -> str:
    first, *rest = token.name.lower().split("_")
    key = parts.choice(token.name, token.name.lower(), first + "".join(word.capitalize() for word in rest))
    entries = {"name": "billing", "port": 8080, key: value, "retries": 3}
    return parts.choice(
        json.dumps(entries), json.dumps({"service": entries}, indent=2), json.dumps(entries, separators=(",", ":"))
    )


def _in_environment(parts: Parts, token: Token, value: str) -> str:
    line = parts.choice(f"{token.name}={value}", f'{token.name}="{value}"', f"{token.name}='{value}'")
    return f"# production\nNODE_ENV=production\nPORT=3000\n{line}\nLOG_LEVEL=warn"


def _in_shell(parts: Parts, token: Token, value: str) -> str:
    quoted = f"'{value}'"
    return parts.choice(
        f"export {token.name}={quoted}\nnpm run deploy",
        f"$ docker run --rm -e {token.name}={quoted} -p 8080:8080 acme/billing:2.4",
        f"{token.name}={quoted} python -m billing.worker --once",
        f"kubectl create configmap billing --from-literal={token.name}={quoted}",
        f"echo {quoted} | gh secret set {token.name}",
    )


_PLACES: Final = (_in_prose, _in_markdown, _in_json, _in_environment, _in_shell)
