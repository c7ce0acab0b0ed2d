"""Secrets in commands, requests, URLs and statements."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Final

from tests.corpus.kinds.planted import Kind, Planted, pick
from tests.corpus.parts import Parts

_HOSTS: Final = ("db.internal", "10.0.3.17", "pg-1.eu-central-1.rds.amazonaws.com", "localhost", "cache.acme.example")


def _of(make: Callable[[Parts], str], *frames: str) -> Kind:
    """Make a kind of frames in which `@` stands for the secret and `%` for a host."""

    def kind(parts: Parts, instance: int) -> Planted:
        value = make(parts)
        frame = frames[instance % len(frames)].replace("%", parts.choice(*_HOSTS))
        return Planted(frame.replace("@", value), (value,))

    return kind


def _random_password(parts: Parts) -> str:
    return parts.choice(parts.base62(parts.number(12, 24)), parts.password(16).replace("#", "x").replace("?", "y"))


def _url(scheme: str, path: str, port: int) -> Kind:
    def kind(parts: Parts, instance: int) -> Planted:
        value = parts.base62(parts.number(10, 24)) if instance % 2 else parts.invented().replace("@", "%40")
        value = value.replace("#", "%23").replace("?", "%3F")
        url = f"{scheme}://{parts.choice('app', 'admin', 'svc_billing')}:{value}@{parts.choice(*_HOSTS)}:{port}{path}"
        frames = (
            f"It connects to {url} at the start.",
            f"DATABASE_URL={url}",
            f'{{"url": "{url}", "pool": 5}}',
            f'engine = create("{url}")',
            f"- url: {url}\n  timeout: 30",
        )
        return pick(instance, frames, value)

    return kind


def _basic_header(parts: Parts, instance: int) -> Planted:
    value = base64.b64encode(f"{parts.choice('admin', 'ci-bot')}:{parts.password(14)}".encode()).decode()
    frames = (
        f"Authorization: Basic {value}",
        f'curl -H "Authorization: Basic {value}" https://api.acme.example/v1/items',
        f'headers = {{"Authorization": "Basic {value}"}}',
        f"> GET /v1/items HTTP/1.1\n> Host: api.acme.example\n> Authorization: Basic {value}\n> Accept: */*",
        f"proxy_set_header Authorization 'Basic {value}';",
    )
    return pick(instance, frames, value)


def _dsn(parts: Parts, instance: int) -> Planted:
    value = parts.base62(18)
    frames = (
        f'dsn := "app:{value}@tcp(db.internal:3306)/shop?parseTime=true"',
        f"MYSQL_DSN=root:{value}@tcp(127.0.0.1:3306)/orders",
        f"The DSN is `report:{value}@tcp(10.1.2.3:3306)/stats`.",
        f'{{"dsn": "svc:{value}@unix(/run/mysqld.sock)/shop"}}',
        f'db, err := sql.Open("mysql", "app:{value}@tcp(mysql)/app")',
    )
    return pick(instance, frames, value)


def _ado(parts: Parts, instance: int) -> Planted:
    value = parts.password(18).replace("=", "x")
    tail = "Encrypt=True;Connection Timeout=30;"
    frames = (
        f"Server=tcp:acme.database.windows.net,1433;Initial Catalog=shop;User ID=app;Password={value};{tail}",
        f'"ConnectionStrings": {{ "Default": "Server=db;Database=shop;User Id=sa;Password={value};" }}',
        f"Host=db;Port=5432;Username=app;Password={value};Database=shop",
        f"Data Source=db;User ID=app;Pwd={value};Pooling=true",
        f'connectionString="Server=db;uid=app;pwd={value};database=shop"',
    )
    return pick(instance, frames, value)


def _azure_connection(parts: Parts, instance: int) -> Planted:
    value = parts.base64(64 if instance % 2 else 32)
    head = "DefaultEndpointsProtocol=https;AccountName=acmefiles;AccountKey="
    bus = "Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey="
    text = f"{head}{value};EndpointSuffix=core.windows.net" if instance % 2 else bus + value
    frames = (f'"{text}"', f"AZURE_CONNECTION={text}", f"It uses {text} there.", f"`{text}`", f"connection: {text}")
    return pick(instance, frames, value)


def _presigned(parts: Parts, instance: int) -> Planted:
    credential = "AK" + "IA" + parts.upper(16)
    amazon, sas = parts.hex(64), parts.base64(32).replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    bucket = "https://acme.s3.amazonaws.com/backup.tgz?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=604800"
    scope = f"X-Amz-Credential={credential}%2F20260301%2Feu-west-1%2Fs3%2Faws4_request"
    urls = (
        (f"{bucket}&{scope}&X-Amz-Signature={amazon}", amazon),
        (f"https://acme.blob.core.windows.net/files?sv=2024-11-04&ss=b&srt=co&sp=rl&se=2027-01-01&sig={sas}", sas),
    )
    url, value = urls[instance % 2]
    frames = (
        f"Download it from {url}",
        f"[backup]({url})",
        f'curl -o b.tgz "{url}"',
        f'{{"href": "{url}"}}',
        f"<{url}>",
    )
    return pick(instance, frames, value)


def _cookie(parts: Parts, instance: int) -> Planted:
    value = parts.choice(parts.base62(32), parts.hex(40), parts.url64(43))
    frames = (
        f"Set-Cookie: sessionid={value}; Path=/; HttpOnly; Secure; SameSite=Lax",
        f"Cookie: theme=dark; session={value}; lang=en",
        f"curl -b 'connect.sid=s%3A{value}' https://app.acme.example/me",
        f"< set-cookie: JSESSIONID={value}; Path=/app; HttpOnly",
        f"document.cookie = 'auth_token={value}; max-age=3600'",
    )
    return pick(instance, frames, value)


def _webhook(parts: Parts, instance: int) -> Planted:
    slack = f"T{parts.upper(10)}/B{parts.upper(10)}/{parts.base62(24)}"
    discord = f"{parts.digits(18)}/{parts.url64(68)}"
    teams = f"{parts.uuid()}@{parts.uuid()}/IncomingWebhook/{parts.hex(32)}/{parts.uuid()}"
    telegram, generic = f"{parts.digits(10)}:AA{parts.url64(33)}", parts.base62(36)
    places = (
        (f"https://hooks.slack{'.com'}/services/{slack}", slack[-24:]),
        (f"https://discord.com/api/web{'hooks'}/{discord}", discord[-68:]),
        (f"https://acme.webhook.office.com/webhookb2/{teams}", teams.split("/")[2]),
        (f"https://api.telegram.org/bot{telegram}/sendMessage", telegram),
        (f"https://ci.acme.example/hooks/deploy?token={generic}", generic),
    )
    url, value = places[instance % len(places)]
    text = (
        f"It posts to {url} on failure.",
        f"curl -X POST {url}",
        f"WEBHOOK_URL={url}",
        f"url: '{url}'",
        f"See <{url}>.",
    )
    return Planted(text[parts.number(0, 4)], (value,))


_bearer = _of(
    lambda parts: parts.choice(parts.base62(40), parts.hex(48), parts.url64(64)),
    'curl -H "Authorization: Bearer @" https://api.acme.example/v2/users',
    "Authorization: Bearer @",
    'fetch(url, { headers: { Authorization: "Bearer @" } })',
    '{"headers": {"authorization": "Bearer @", "accept": "application/json"}}',
    "http GET api.acme.example/v1/me 'Authorization: token @'",
)
_api_header = _of(
    lambda parts: parts.choice(parts.base62(32), parts.hex(40), parts.uuid()),
    'curl -H "X-Api-Key: @" https://api.acme.example/v2/users',
    "X-Auth-Token: @",
    'requests.get(url, headers={"x-api-key": "@"})',
    "apikey: @\naccept: application/json",
    'req.Header.Set("PRIVATE-TOKEN", "@")',
)
_curl_user = _of(
    _random_password,
    "curl -u admin:@ https://jenkins.acme.example/api/json",
    'curl --user "ci:@" -X POST https://nexus.acme.example/service/rest/v1/components',
    "curl -sS -u 'elastic:@' %:9200/_cat/indices",
    "wget --user=backup --password=@ https://files.acme.example/dump.gz",
    "http -a admin:@ GET %/status",
)
_flag = _of(
    _random_password,
    "mysqldump -h % -u root --password=@ shop > shop.sql",
    "docker login images.acme.example -u ci -p @",
    "PGPASSWORD=@ psql -h % -U app shop",
    "az login --service-principal --username app --password @ --tenant acme",
    "redis-cli -h % -a @ ping",
)
_mysql_glued = _of(
    lambda parts: parts.base62(14),
    "mysql -uroot -p@ shop -e 'select 1'",
    "sshpass -p '@' ssh %",
    "mysqladmin -h % -u admin -p@ status",
    "echo '@' | sudo -S systemctl restart nginx",
    "openssl pkcs12 -in cert.p12 -passin pass:@ -nodes",
)
_sql = _of(
    _random_password,
    "CREATE USER 'app' IDENTIFIED BY '@';",
    "ALTER ROLE billing WITH LOGIN PASSWORD '@';",
    "ALTER USER 'root' IDENTIFIED WITH mysql_native_password BY '@';",
    "CREATE LOGIN reporting WITH PASSWORD = '@', DEFAULT_DATABASE = shop;",
    "GRANT ALL ON shop.* TO 'app' IDENTIFIED BY \"@\";",
)
_query = _of(
    lambda parts: parts.choice(parts.base62(32), parts.hex(40)),
    "GET /v1/forecast?city=Bonn&apikey=@&units=metric",
    "https://api.acme.example/export?access_token=@&format=csv",
    "wss://stream.acme.example/feed?token=@",
    "https://maps.acme.example/tiles/1/2/3.png?key=@",
    "callback: https://app.acme.example/auth?client_secret=@&grant_type=client_credentials",
)
_git_remote = _of(
    lambda parts: parts.choice(parts.base62(40), parts.hex(40)),
    *(
        frame.replace("AT", "\x00")
        for frame in (
            "git clone https://oauth2:@AT git.acme.example/team/app.git",
            "origin  https://ci-bot:@AT git.acme.example/team/app.git (fetch)",
            '[remote "origin"]\n\turl = https://x-token-auth:@AT git.acme.example/app.git',
            "pip install git+https://deploy:@AT git.acme.example/lib.git",
            "--find-links https://reader:@AT wheels.acme.example/all",
        )
    ),
)


def _git(parts: Parts, instance: int) -> Planted:
    text, secrets = _git_remote(parts, instance)
    return Planted(text.replace("\x00 ", "@"), secrets)


KINDS: Final[dict[str, Kind]] = {
    "postgres-url": _url("postgres" + "ql", "/shop?sslmode=require", 5432),
    "mongodb-url": _url("mongodb+srv", "/shop?retryWrites=true&w=majority", 27017),
    "redis-url": _url("redis", "/0", 6379),
    "amqp-url": _url("amqp" + "s", "/vhost", 5671),
    "mysql-url": _url("mysql+pymysql", "/shop?charset=utf8mb4", 3306),
    "smtp-url": _url("smtp", "", 587),
    "go-dsn": _dsn,
    "ado-connection": _ado,
    "azure-connection": _azure_connection,
    "basic-header": _basic_header,
    "bearer-header": _bearer,
    "api-key-header": _api_header,
    "curl-user": _curl_user,
    "password-flag": _flag,
    "password-piped": _mysql_glued,
    "sql-password": _sql,
    "query-token": _query,
    "git-remote": _git,
    "presigned-url": _presigned,
    "session-cookie": _cookie,
    "webhook-url": _webhook,
}
