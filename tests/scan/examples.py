"""A token of every kind as its provider documents it, put together at run time: no file holds the form of a secret."""

from __future__ import annotations

_LETTERS = "QwZrLkXvTnBmHsJdFpGcYaKeRuIoPt"
_MIXED = "Qw7Zr2Lk9Xv4Tn8Bm3Hs6Jd1Fp5Gc0YaKe5uIo"
_HEX = "4f9d8c2ab17e60359b3c"
UUID = "4f9d8c2a-b17e-4035-8c2a-b17e60354f9d"


def _run(alphabet: str, length: int) -> str:
    return (alphabet * (length // len(alphabet) + 1))[:length]


def mixed(length: int) -> str:
    return _run(_MIXED, length)


def lower(length: int) -> str:
    return mixed(length).lower()


def upper(length: int) -> str:
    return mixed(length).upper()


def digits(length: int) -> str:
    return _run("4829170536", length)


def hexa(length: int) -> str:
    return _run(_HEX, length)


def letters(length: int) -> str:
    return _run(_LETTERS, length)


def url64(length: int) -> str:
    return _run("Qw7-Zr2_Lk9Xv4Tn8Bm3Hs6Jd1Fp5Gc0YaKe", length)


def std64(length: int) -> str:
    return _run("Qw7+Zr2/Lk9Xv4Tn8Bm3Hs6Jd1Fp5Gc0YaKe", length)


EXAMPLES: tuple[tuple[str, str], ...] = (
    ("1password-secret-key", "A" + "3-" + "-".join([upper(6), upper(6), *[upper(5)] * 4])),
    ("1password-token", "op" + "s_ey" + "J" + mixed(200)),
    ("adobe-secret", "p8" + "e-" + url64(32)),
    ("adyen-key", "AQ" + "E" + lower(4) + mixed(80) + "-" + mixed(43) + "="),
    ("age-secret-key", "AGE-SECRET" + "-KEY-1" + upper(58)),
    ("aiven-password", "AVN" + "S_" + mixed(18) + "-9"),
    ("airtable-token", "pa" + "t" + mixed(14) + "." + hexa(64)),
    ("alibaba-access-key", "LT" + "AI5t" + mixed(20)),
    ("anthropic-api-key", "sk-" + "ant-api03-" + url64(93) + "AA"),
    ("apify-token", "apify" + "_api_" + mixed(36)),
    ("asana-token", "2" + "/" + digits(16) + "/" + digits(16) + ":" + hexa(32)),
    ("atlassian-token", "ATA" + "TT3xFfGF0" + url64(180) + "=" + upper(8)),
    ("aws-bedrock-key", "ABS" + "K" + mixed(128) + "=="),
    ("aws-session-token", "IQoJ" + "b3JpZ2lu" + std64(700) + "=="),
    ("axiom-token", "xa" + "at-" + UUID),
    ("azure-devops-token", mixed(76) + "AZ" + "DO" + mixed(4)),
    ("backblaze-key", "K0" + "05" + std64(27)),
    ("beamer-key", "b" + "_" + url64(44)),
    ("bitbucket-token", "AT" + "BB" + mixed(32)),
    ("braintree-token", "access" + "_token$production$" + lower(16) + "$" + hexa(32)),
    ("brevo-key", "xkey" + "sib-" + hexa(64) + "-" + mixed(16)),
    ("buildkite-token", "bk" + "ua_" + hexa(40)),
    ("calcom-key", "cal" + "_live_" + hexa(32)),
    ("cargo-token", "ci" + "o" + mixed(32)),
    ("cerebras-key", "cs" + "k-" + lower(48)),
    ("checkly-key", "cu" + "_" + hexa(32)),
    ("checkout-key", "sk" + "_sbox_" + lower(28)),
    ("chromatic-token", "chp" + "t_" + hexa(15)),
    ("circleci-token", "CCI" + "PAT_" + mixed(22) + "_" + hexa(40)),
    ("clickhouse-key", "4b" + "1d" + mixed(38)),
    ("clickup-token", "pk" + "_" + digits(8) + "_" + upper(32)),
    ("clojars-token", "CLO" + "JARS_" + lower(60)),
    ("cloudflare-origin-key", "v1" + ".0-" + hexa(24) + "-" + hexa(146)),
    ("cloudflare-token", "cf" + "ut_" + mixed(48)),
    ("cockroach-key", "CCD" + "B1_" + mixed(22) + "_" + mixed(40)),
    ("contentful-token", "CF" + "PAT-" + url64(43)),
    ("coralogix-key", "cx" + "tp_" + mixed(30)),
    ("courier-key", "pk" + "_prod_" + upper(28)),
    ("cursor-key", "ke" + "y_" + hexa(64)),
    ("databricks-token", "da" + "pi" + hexa(32)),
    ("defined-networking-key", "dn" + "key-" + upper(26) + "-" + upper(52)),
    ("depot-token", "dep" + "ot_org_" + hexa(64)),
    ("digitalocean-token", "do" + "p_v1_" + hexa(64)),
    ("docker-token", "dckr" + "_pat_" + url64(27)),
    ("doppler-token", "d" + "p.pt." + mixed(43)),
    ("dropbox-token", "s" + "l.B" + url64(135)),
    ("duffel-token", "duf" + "fel_live_" + url64(43)),
    ("dynatrace-token", "dt" + "0c01." + upper(24) + "." + upper(64)),
    ("e2b-key", "e2" + "b_" + hexa(40)),
    ("easypost-key", "EZ" + "AK" + mixed(54)),
    ("egress-proxy-token", "eg" + "x_" + url64(43)),
    ("elastic-key", "es" + "su_" + std64(80)),
    ("elevenlabs-key", "s" + "k_" + hexa(48)),
    ("exoscale-key", "EX" + "O" + hexa(24)),
    ("facebook-token", "EA" + "A" + mixed(180)),
    ("figma-token", "fig" + "d_" + url64(40)),
    ("firebase-server-key", "AA" + "AA" + url64(7) + ":" + url64(140)),
    ("firecrawl-key", "f" + "c-" + hexa(32)),
    ("fireworks-key", "f" + "w_" + mixed(24)),
    ("flutterwave-key", "FLW" + "SECK-" + hexa(32) + "-X"),
    ("fly-token", "fo" + "1_" + url64(43)),
    ("frameio-token", "fi" + "o-u-" + url64(64)),
    ("friendli-key", "fl" + "p_" + mixed(46)),
    ("ghost-key", hexa(24) + ":" + hexa(64)),
    ("github-any-token", "gh" + "s_" + mixed(36)),
    ("github-fine-grained-token", "github" + "_pat_" + mixed(22) + "_" + mixed(59)),
    ("gitlab-runner-token", "GR" + "1348941" + url64(20)),
    ("gitlab-token-routable", "gl" + "pat-" + url64(27) + ".01." + lower(9)),
    ("gocardless-token", "li" + "ve_" + url64(40)),
    ("google-api-key", "AI" + "za" + url64(35)),
    ("google-hmac-key", "GOO" + "G1E" + upper(57)),
    ("google-oauth-secret", "GOC" + "SPX-" + url64(28)),
    ("google-oauth-token", "ya" + "29." + url64(150)),
    ("google-refresh-token", "1/" + "/0" + url64(60)),
    ("grafana-token", "gl" + "sa_" + mixed(32) + "_" + hexa(8)),
    ("groq-api-key", "gs" + "k_" + mixed(52)),
    ("harness-token", "pa" + "t." + url64(22) + "." + hexa(24) + "." + mixed(20)),
    ("hashicorp-token", "hv" + "s." + url64(95)),
    ("heroku-key", "HR" + "KU-AA" + url64(58)),
    ("honeycomb-key", "hc" + "aik_" + lower(58)),
    ("hubspot-token", "pa" + "t-na1-" + UUID),
    ("huggingface-token", "h" + "f_" + letters(34)),
    ("revenuecat-key", "ap" + "pl_" + "QwZrLkXvTnBmHsJdFpGcYaKeWzRt"),
    ("infisical-token", "s" + "t." + hexa(24) + "." + hexa(32) + "." + hexa(32)),
    ("instagram-token", "IG" + "QWR" + url64(140)),
    ("intercom-token", "dG" + "9rO" + mixed(55) + "="),
    ("ionic-token", "io" + "n_" + mixed(42)),
    ("jfrog-token", "cm" + "Vmd" + "GtuO" + mixed(55)),
    ("jina-key", "ji" + "na_" + hexa(32) + mixed(28)),
    ("langfuse-key", "sk-" + "lf-" + UUID),
    ("langsmith-key", "ls" + "v2_pt_" + hexa(32) + "_" + hexa(10)),
    ("launchdarkly-key", "sd" + "k-" + UUID),
    ("linear-token", "lin" + "_api_" + mixed(40)),
    ("linkedin-secret", "WPL" + "_AP1." + mixed(16)),
    ("llama-cloud-key", "ll" + "x-" + mixed(48)),
    ("lob-key", "te" + "st_" + hexa(35)),
    ("mailersend-key", "ml" + "sn." + hexa(64)),
    ("mailgun-key", "ke" + "y-" + hexa(32)),
    ("mandrill-key", "m" + "d-" + mixed(22)),
    ("mapbox-token", "s" + "k.ey" + "J" + mixed(60) + "." + mixed(22)),
    ("matrix-token", "sy" + "t_" + mixed(12) + "_" + letters(20) + "_" + mixed(6)),
    ("mercado-pago-token", "APP" + "_USR-" + digits(16) + "-" + digits(6) + "-" + hexa(32)),
    ("modal-token", "a" + "k-" + mixed(22)),
    ("mollie-key", "li" + "ve_" + mixed(30)),
    ("mongodb-atlas-secret", "mdb" + "_sa_sk_" + url64(40)),
    ("neon-key", "na" + "pi_" + lower(64)),
    ("netlify-token", "nf" + "p_" + mixed(36)),
    ("new-relic-key", "NR" + "AK-" + upper(27)),
    ("notion-token", "nt" + "n_" + digits(11) + mixed(35)),
    ("npm-token", "np" + "m_" + mixed(36)),
    ("nuget-key", "oy" + "2" + lower(43)),
    ("nvidia-key", "nva" + "pi-" + url64(64)),
    ("octopus-key", "AP" + "I-" + upper(32)),
    ("omise-key", "sk" + "ey_test_" + lower(19)),
    ("onesignal-key", "os" + "_v2_app_" + lower(103)),
    ("openai-api-key", "sk-" + "proj-" + url64(156)),
    ("openai-session", "se" + "ss-" + mixed(40)),
    ("packagist-token", "pack" + "agist_uut_" + hexa(68)),
    ("paddle-key", "pd" + "l_live_apikey_" + lower(26) + "_" + mixed(22) + "_" + mixed(3)),
    ("perplexity-api-key", "pp" + "lx-" + mixed(48)),
    ("pinecone-key", "pc" + "sk_" + mixed(6) + "_" + mixed(64)),
    ("plaid-token", "acc" + "ess-sandbox-" + UUID),
    ("planetscale-token", "psc" + "ale_tkn_" + url64(43)),
    ("polar-token", "pol" + "ar_oat_" + mixed(43)),
    ("posthog-key", "ph" + "x_" + mixed(43)),
    ("postman-key", "PM" + "AK-" + hexa(24) + "-" + hexa(34)),
    ("prefect-key", "pn" + "u_" + mixed(36)),
    ("pulumi-token", "pu" + "l-" + hexa(40)),
    ("pypi-upload-token", "py" + "pi-AgEIcHlwaS5vcmc" + url64(160)),
    ("rapidapi-key", hexa(10) + "msh" + hexa(15) + "p1" + hexa(5) + "jsn" + hexa(12)),
    ("razorpay-key", "rz" + "p_live_" + mixed(14)),
    ("readme-key", "rd" + "me_" + lower(70)),
    ("render-key", "rn" + "d_" + mixed(32)),
    ("replicate-token", "r" + "8_" + mixed(37)),
    ("resend-key", "r" + "e_" + mixed(8) + "_" + mixed(24)),
    ("riot-key", "RG" + "API-" + UUID),
    ("rubygems-token", "ruby" + "gems_" + hexa(48)),
    ("runpod-key", "rp" + "a_" + upper(46)),
    ("salesforce-token", "00" + "D" + mixed(12) + "!" + mixed(96)),
    ("sanity-token", "s" + "k" + mixed(178)),
    ("scaleway-key", "SC" + "W" + upper(17)),
    ("scalingo-token", "tk-" + "us-" + url64(48)),
    ("secret-key-token", "sk-" + "or-v1-" + hexa(64)),
    ("sendgrid-key", "SG" + "." + url64(22) + "." + url64(43)),
    ("sentry-token", "sn" + "trys_ey" + "J" + mixed(150) + "=_" + mixed(43)),
    ("shippo-token", "ship" + "po_live_" + hexa(40)),
    ("shopify-token", "shp" + "at_" + hexa(32)),
    ("slack-any-token", "xox" + "e.xoxp-1-" + mixed(146)),
    ("slack-app-token", "xa" + "pp-1-A0" + upper(9) + "-" + digits(13) + "-" + hexa(64)),
    ("snyk-token", "sn" + "yk_uat." + mixed(8) + "." + url64(60)),
    ("sonar-token", "sq" + "u_" + hexa(40)),
    ("sourcegraph-token", "sg" + "p_" + hexa(16) + "_" + hexa(40)),
    ("square-access-token", "EA" + "AA" + url64(60)),
    ("statsig-key", "sec" + "ret-" + mixed(43)),
    ("stripe-any-key", "rk_" + "live_" + mixed(99)),
    ("stytch-secret", "sec" + "ret-live-" + url64(36) + "="),
    ("supabase-token", "sb" + "_secret_" + mixed(22) + "_" + mixed(8)),
    ("swarm-token", "SWM" + "TKN-1-" + lower(50) + "-" + lower(25)),
    ("tailscale-key", "ts" + "key-auth-" + mixed(17) + "-" + mixed(32)),
    ("tavily-key", "tv" + "ly-dev-" + mixed(32)),
    ("telegram-token", digits(10) + ":A" + url64(34)),
    ("tencent-secret-id", "AK" + "ID" + mixed(32)),
    ("tiktok-token", "ac" + "t." + mixed(64)),
    ("tinybird-token", "p" + ".ey" + "J" + mixed(120)),
    ("together-key", "tg" + "p_v1_" + url64(43)),
    ("trello-token", "AT" + "TA" + hexa(72)),
    ("trigger-dev-key", "tr" + "_prod_" + mixed(20)),
    ("twilio-key", "S" + "K" + hexa(32)),
    ("typeform-token", "tf" + "p_" + mixed(44) + "_" + mixed(14)),
    ("unkey-token", "unk" + "ey_" + mixed(22)),
    ("vercel-blob-token", "vercel" + "_blob_rw_" + mixed(16) + "_" + mixed(30)),
    ("vercel-token", "vc" + "p_" + mixed(56)),
    ("volcengine-key", "AK" + "LT" + mixed(43)),
    ("voyage-key", "p" + "a-" + url64(43)),
    ("wandb-key", "wan" + "db_v1_" + mixed(77)),
    ("xai-api-key", "xa" + "i-" + mixed(80)),
    ("xendit-key", "xn" + "d_production_" + mixed(48)),
    ("yandex-key", "AQ" + "VN" + url64(36)),
    ("deepl-key", UUID + ":f" + "x"),
    ("json-web-encryption", "ey" + "JhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0.." + url64(16) + "." + url64(60)),
    ("macaroon", "MDA" + "xY2xvY2F0aW9u" + mixed(120)),
    ("nostr-key", "nse" + "c1" + lower(58)),
    ("paseto-token", "v4" + ".local." + url64(90)),
    ("wakatime-key", "waka" + "_" + UUID),
    ("wallet-key", "xpr" + "v9s21ZrQH143K" + mixed(95)),
    ("zoho-token", "10" + "00." + hexa(32) + "." + hexa(32)),
)  # fmt: skip
