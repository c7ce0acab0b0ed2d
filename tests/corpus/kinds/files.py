"""Secrets in files of a known form."""

from __future__ import annotations

import base64
import json
from typing import Final

from tests.corpus.kinds.planted import Kind, Planted, pick
from tests.corpus.parts import Parts


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _netrc(parts: Parts, instance: int) -> Planted:
    value = parts.choice(parts.base62(20), parts.password(14))
    texts = (
        f"machine api.acme.example\n  login ops\n  password {value}\n",
        f"machine github.com login ci-bot password {value}",
        f"default login anonymous password {value}",
        f"~/.netrc:\n\n```\nmachine nexus.acme.example\nlogin deploy\npassword {value}\n```",
        f"machine ftp.acme.example login up password {value}\nmachine other.example login x password y",
    )
    return pick(instance, texts, value)


def _pgpass(parts: Parts, instance: int) -> Planted:
    value = parts.base62(16)
    texts = (
        f"db.internal:5432:shop:app:{value}",
        f"*:*:*:postgres:{value}",
        f"# ~/.pgpass\nlocalhost:5432:*:dev:dev\ndb.acme.example:5432:orders:billing:{value}\n",
        f"The line in `.pgpass` is `10.2.0.4:6432:shop:app:{value}`.",
        f"echo 'db:5432:shop:app:{value}' >> ~/.pgpass && chmod 600 ~/.pgpass",
    )
    return pick(instance, texts, value)


def _htpasswd(parts: Parts, instance: int) -> Planted:
    alphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    values = (
        "$2" + "y$10$" + parts.of(alphabet, 53),
        "$ap" + "r1$" + parts.of(alphabet, 8) + "$" + parts.of(alphabet, 22),
        "{SH" + "A}" + parts.base64(20),
        "$2" + "b$12$" + parts.of(alphabet, 53),
        "$6" + "$" + parts.of(alphabet, 16) + "$" + parts.of(alphabet, 86),
    )
    value = values[instance % len(values)]
    texts = (
        f"admin:{value}",
        f"ops:{value}\n",
        f"```\nadmin:{value}\n```",
        f"basic_auth_users:\n  admin: {value}",
        f"root:{value}:19800:0:99999:7:::",
    )
    return pick(instance, texts, value)


def _docker_auth(parts: Parts, instance: int) -> Planted:
    value = _b64(f"ci:{parts.base62(24)}")
    host = parts.choice("https://containers.acme.example/v1/", "images.acme.example", "oci.acme.example")
    config = {"auths": {host: {"auth": value}}}
    texts = (
        json.dumps(config),
        json.dumps(config, indent=2),
        f'~/.docker/config.json has `"auth": "{value}"` for {host}.',
        f"//packages.acme.example/:_auth={value}\nstrict-ssl=true",
        json.dumps({**config, "credsStore": "desktop"}, indent="\t"),
    )
    return pick(instance, texts, value)


def _npmrc(parts: Parts, instance: int) -> Planted:
    value = parts.choice(parts.uuid(), parts.base62(40), parts.base64(30))
    texts = (
        f"//packages.acme.example/:_authToken={value}",
        f"save-exact=true\n//packages.acme.example/:_authToken={value}\nalways-auth=true",
        f"npm config set //packages.acme.example/:_authToken {value}",
        f"npmRegistries:\n  //packages.acme.example:\n    npmAuthToken: {value}",
        f"echo '//packages.acme.example/:_authToken={value}' > .npmrc",
    )
    return pick(instance, texts, value)


def _pypirc(parts: Parts, instance: int) -> Planted:
    value = parts.password(18)
    texts = (
        f"[pypi]\nusername = acme\npassword = {value}\n",
        f"[internal]\nrepository = https://packages.acme.example\nusername: ci\npassword: {value}",
        f'[http-basic.internal]\nusername = "ci"\npassword = "{value}"',
        f"[client]\nuser=root\npassword={value}\nhost=db.internal",
        f"[smtp]\nhost = mail.acme.example\nuser = noreply\npass = {value}\n",
    )
    return pick(instance, texts, value)


def _kubernetes(parts: Parts, instance: int) -> Planted:
    plain = parts.password(16)
    encoded = _b64(plain)
    head = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: billing\ntype: Opaque\n"
    texts = (
        f"{head}data:\n  username: YXBw\n  password: {encoded}\n",
        f"{head}stringData:\n  DB_PASSWORD: {plain}\n",
        json.dumps({"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "b"}, "data": {"token": encoded}}),
        f"$ kubectl get secret billing -o yaml\napiVersion: v1\ndata:\n  pass: {encoded}\nkind: Secret",
        f"kubectl create secret generic billing --from-literal=password='{plain}'",
    )
    return pick(instance, texts, encoded if encoded in texts[instance % 5] else plain)


def _kubeconfig(parts: Parts, instance: int) -> Planted:
    key = _b64("-----BEGIN RSA PRIVATE " + "KEY-----\n" + parts.base64(600))
    token = parts.jwt(256) if instance % 2 else parts.lower(6) + "." + parts.lower(16)
    cluster = "apiVersion: v1\nkind: Config\nclusters:\n- name: prod\n  cluster:\n    server: https://10.0.0.1:6443\n"
    if instance in {0, 3}:
        return Planted(f"{cluster}users:\n- name: admin\n  user:\n    client-key-data: {key}\n", (key,))
    return Planted(f"{cluster}users:\n- name: ci\n  user:\n    token: {token}\n", (token,))


def _terraform(parts: Parts, instance: int) -> Planted:
    value = parts.password(20)
    attributes = {"identifier": "shop", "engine": "postgres", "username": "app", "password": value}
    texts = (
        f'resource "aws_db_instance" "shop" {{\n  username = "app"\n  password = "{value}"\n}}',
        f'variable "db_password" {{\n  type    = string\n  default = "{value}"\n}}',
        f'db_password = "{value}"\nregion      = "eu-central-1"\n',
        json.dumps({"resources": [{"type": "aws_db_instance", "instances": [{"attributes": attributes}]}]}, indent=2),
        f"terraform apply -var 'db_password={value}' -auto-approve",
    )
    return pick(instance, texts, value)


def _ansible(parts: Parts, instance: int) -> Planted:
    value = parts.invented()
    texts = (
        f"ansible_user: deploy\nansible_become_pass: {value}\n",
        f"[web]\n10.0.0.5 ansible_user=root ansible_ssh_pass={value}",
        f'- name: create user\n  mysql_user:\n    name: app\n    password: "{value}"',
        f"vault_admin_password: '{value}'",
        f"all:\n  vars:\n    postgres_password: {value}\n    postgres_user: app",
    )
    return pick(instance, texts, value)


def _compose(parts: Parts, instance: int) -> Planted:
    value = parts.choice(parts.base62(16), parts.invented())
    texts = (
        f"services:\n  db:\n    image: postgres:17\n    environment:\n      POSTGRES_PASSWORD: {value}\n",
        f"services:\n  db:\n    environment:\n      - MYSQL_ROOT_PASSWORD={value}\n      - MYSQL_DATABASE=shop",
        f'FROM node:22\nENV SESSION_SECRET={value}\nCMD ["node", "app.js"]',
        f'FROM python:3.13\nARG PIP_PASSWORD="{value}"\nRUN pip install -r requirements.txt',
        f"    command: redis-server --requirepass {value} --appendonly yes",
    )
    return pick(instance, texts, value)


def _xml(parts: Parts, instance: int) -> Planted:
    value = parts.password(16)
    texts = (
        f"<server>\n  <id>nexus</id>\n  <username>deploy</username>\n  <password>{value}</password>\n</server>",
        f'<add key="ApiSecret" value="{value}" />',
        f'<Resource name="jdbc/shop" type="javax.sql.DataSource" username="app" password="{value}"/>',
        f'<bean id="ds"><property name="username" value="app"/><property name="password" value="{value}"/></bean>',
        f"<configuration><credentials><apiToken>{value}</apiToken></credentials></configuration>",
    )
    return pick(instance, texts, value)


def _properties(parts: Parts, instance: int) -> Planted:
    value = parts.choice(parts.base62(20), parts.password(18))
    texts = (
        f"spring.datasource.username=app\nspring.datasource.password={value}\n",
        f"spring:\n  datasource:\n    username: app\n    password: {value}",
        f"define( 'DB_PASSWORD', '{value}' );",
        f"'password' => '{value}',",
        f"signing.keyId=24875D73\nsigning.password={value}\n",
    )
    return pick(instance, texts, value)


def _yaml_block(parts: Parts, instance: int) -> Planted:
    lines = [parts.base64(45) for _ in range(parts.number(3, 6))]
    block = "\n    ".join(lines)
    texts = (
        f"app:\n  private_key: |\n    {block}\n",
        f"signing:\n  secret: >-\n    {block}\n  algorithm: HS512",
        f"data:\n  encryption_key: |-\n    {block}\n",
        f"tls:\n  key: |\n    {block}\n  port: 443",
        f"auth:\n  token: |\n    {block}\n",
    )
    return pick(instance, texts, *lines)


def _service_account(parts: Parts, instance: int) -> Planted:
    body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC" + parts.base64(1170)
    lines = "\n".join(body[start : start + 64] for start in range(0, len(body), 64))
    pem = f"-----BEGIN PRIVATE {'KEY'}-----\n{lines}\n-----END PRIVATE {'KEY'}-----\n"
    account = {
        "type": "service_account",
        "project_id": "acme-prod",
        "private_key_id": parts.hex(40),
        "private_key": pem,
        "client_email": "ci@acme-prod.iam.gserviceaccount.com",
        "client_id": parts.digits(21),
    }
    escaped = json.dumps(pem)[1:-1].removesuffix("\\n")
    pretty, compact = json.dumps(account, indent=2), json.dumps(account)
    texts = (
        pretty,
        compact,
        f"GOOGLE_CREDENTIALS='{compact}'",
        f"```json\n{pretty}\n```",
        f'FIREBASE_PRIVATE_KEY="{escaped}\\n"',
    )
    return pick(instance, texts, escaped)


def _appsettings(parts: Parts, instance: int) -> Planted:
    value = parts.base62(32)
    key = "api" + "_key"
    texts = (
        f'{{"{key}": "{value}", "region": "eu"}}',
        f"{key}: {value}\nregion: eu",
        f"{key} = '{value}'\nregion = 'eu'",
        f'config.{key} = "{value}";',
        f'client = Client({key}="{value}", region="eu")',
    )
    return pick(instance, texts, value)


def _camel(parts: Parts, instance: int) -> Planted:
    value = parts.url64(32)
    texts = (
        f'const clientSecret = "{value}";',
        f'private static final String API_SECRET = "{value}";',
        f'let access_token: &str = "{value}";',
        f'authToken := "{value}"',
        f"new Client({{ secretAccessKey: '{value}', region: 'eu' }})",
    )
    return pick(instance, texts, value)


KINDS: Final[dict[str, Kind]] = {
    "netrc": _netrc,
    "pgpass": _pgpass,
    "htpasswd": _htpasswd,
    "docker-auth": _docker_auth,
    "npmrc": _npmrc,
    "ini-password": _pypirc,
    "kubernetes-secret": _kubernetes,
    "kubeconfig": _kubeconfig,
    "terraform": _terraform,
    "ansible": _ansible,
    "compose": _compose,
    "xml-element": _xml,
    "java-php-settings": _properties,
    "yaml-block": _yaml_block,
    "service-account": _service_account,
    "api-key-syntaxes": _appsettings,
    "secret-constants": _camel,
}
