"""Code, by language. Half of the pieces handle passwords, tokens and keys without having one."""

from __future__ import annotations

from typing import Final

from tests.corpus.benign.reply import Draw, Sort
from tests.corpus.prose import sentence


def _python(draw: Draw) -> str:
    name, other, kind = draw.snake(), draw.noun(), draw.pascal()
    return draw.choice(
        f'''class {kind}:
    """{sentence(draw.random)}"""

    def __init__(self, {name}: str, token: str | None = None, *, timeout: float = {draw.number(1, 60)}.0) -> None:
        self._{name} = {name}
        self._token = token or os.environ.get("{draw.constant()}_TOKEN", "")
        self.{other}_key = f"{{self._{name}}}:{other}:v{draw.number(1, 9)}"

    async def {draw.verb()}_{other}(self, password: str) -> {kind}Result:
        hashed = hashlib.sha256(password.encode()).hexdigest()
        if not hmac.compare_digest(hashed, self.password_hash):
            raise AuthenticationError("invalid password")
        return await self._client.post("/v{draw.number(1, 3)}/{draw.kebab()}", json={{"{other}": self.{other}_key}})
''',
        f"""def {draw.snake()}({name}: dict[str, Any], api_key: str = settings.{draw.constant()}_KEY) -> list[{kind}]:
    secret = {name}.get("secret") or load_secret("{draw.kebab()}")
    password = getpass.getpass("Password: ")
    for index, {other} in enumerate(sorted({name}.values(), key=lambda item: item.{draw.noun()}_id)):
        logger.info("{draw.verb()} %s of %d: token=%s", {other}, index, mask(secret))
        yield {kind}(id=uuid4(), {draw.noun()}={other}, created="{draw.day()}T{draw.time()}Z")
""",
        f"""@pytest.mark.parametrize("{name}", [{draw.number(1, 9)}, "{draw.kebab()}", None])
def test_{draw.snake()}_{other}({name}: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("{draw.noun()}.{draw.noun()}.{draw.camel()}", lambda *_: {draw.number(1, 999)})
    assert {draw.snake()}({name}) == pytest.approx({draw.number(1, 99)}.{draw.number(10, 99)})
""",
    )


def _typescript(draw: Draw) -> str:
    name, kind, other = draw.camel(), draw.pascal(), draw.noun()
    return draw.choice(
        f"""export async function {name}(req: Request, {other}Id: string): Promise<{kind}> {{
  const token = req.headers.get("authorization")?.replace("Bearer ", "") ?? "";
  const secret = process.env.{draw.constant()}_SECRET!;
  const {{ password, ...rest }} = await req.json();
  const res = await fetch(`${{BASE_URL}}/{draw.kebab()}/${{{other}Id}}?limit={draw.number(10, 500)}`, {{
    headers: {{ "x-api-key": apiKey, Authorization: `Bearer ${{token}}` }},
  }});
  if (!res.ok) throw new {kind}Error("{draw.noun()}_{draw.noun()}_failed", res.status);
  return {{ ...rest, passwordHash: await bcrypt.hash(password, {draw.number(8, 14)}) }};
}}
""",
        f"""interface {kind}Props {{
  {other}Key: keyof {draw.pascal()};
  accessToken?: string;
  on{draw.pascal()}: (event: CustomEvent<{{ {draw.noun()}: number }}>) => void;
}}

export const {kind}: React.FC<{kind}Props> = ({{ {other}Key, accessToken }}) => {{
  const [{name}, set{kind}] = useState<string | null>(null);
  useEffect(() => {{ void {draw.camel()}({other}Key, accessToken).then(set{kind}); }}, [{other}Key, accessToken]);
  return <Input type="password" name="password" autoComplete="new-password" value={{{name} ?? ""}} key={{{other}Key}} />;
}};
""",
        f"""describe("{draw.kebab()}", () => {{
  it("{draw.verb()}s the {other}", () => {{
    expect({name}({{ id: "{draw.noun()}_{draw.number(1, 999)}", {other}: {draw.number(1, 99)} }})).toEqual({draw.constant()});
  }});
}});
""",
    )


def _go(draw: Draw) -> str:
    kind, other, name = draw.pascal(), draw.noun(), draw.camel()
    return draw.choice(
        f"""// {kind} {draw.verb()}s the {other}.
func (s *{draw.pascal()}Service) {kind}(ctx context.Context, req *pb.{kind}Request) (*pb.{kind}Response, error) {{
	token, err := s.tokens.{draw.pascal()}(ctx, req.GetUserId())
	if err != nil {{
		return nil, fmt.Errorf("{draw.verb()} {other}: %w", err)
	}}
	password := os.Getenv("{draw.constant()}_PASSWORD")
	s.log.Info("{draw.verb()}", zap.String("{other}_id", req.{kind}Id), zap.Int("n", {draw.number(1, 999)}))
	return &pb.{kind}Response{{Token: token, Hash: hash(password), Key: req.Key}}, nil
}}
""",
        f"""type {kind} struct {{
	ID        uuid.UUID `json:"id" db:"{other}_id"`
	APIKey    string    `json:"api_key" yaml:"apiKey" env:"{draw.constant()}_API_KEY"`
	Password  string    `json:"-" validate:"required,min={draw.number(6, 12)}"`
	{draw.pascal()}  map[string]{draw.pascal()} `json:"{name},omitempty"`
}}
""",
        f"""func Test{kind}(t *testing.T) {{
	for _, tc := range []struct{{ name, want string }}{{{{"{draw.kebab()}", "{draw.snake()}"}}, {{"{other}", ""}}}} {{
		t.Run(tc.name, func(t *testing.T) {{ require.Equal(t, tc.want, {name}(tc.name)) }})
	}}
}}
""",
    )


def _rust(draw: Draw) -> str:
    kind, other, name = draw.pascal(), draw.noun(), draw.snake()
    return draw.choice(
        f"""impl<'a> {kind}<'a> {{
    pub async fn {name}(&self, secret: &SecretString, {other}_id: u{draw.choice(32, 64)}) -> Result<{draw.pascal()}, Error> {{
        let token = self.token_provider.get_token(&["{draw.noun()}.read"]).await?;
        let api_key = std::env::var("{draw.constant()}_KEY").context("missing key")?;
        let key = format!("{{}}/{{:016x}}", {other}_id, self.{draw.noun()}_hash);
        self.client.post(&key).bearer_auth(token.secret()).header("x-key", api_key).send().await.map_err(Into::into)
    }}
}}
""",
        f"""#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct {kind} {{
    pub {other}_token: Option<String>,
    #[serde(skip_serializing)]
    password: Secret<String>,
    pub {name}: HashMap<String, Vec<{draw.pascal()}>>,
}}

const {draw.constant()}: u64 = 0x{draw.hex(16)};
""",
    )


def _java(draw: Draw) -> str:
    kind, other, name = draw.pascal(), draw.noun(), draw.camel()
    return f"""package org.{draw.noun()}.{draw.noun()}.{other};

@Service
public class {kind}Service {{
    private static final long serialVersionUID = {draw.digits(18)}L;
    private static final Logger LOG = LoggerFactory.getLogger({kind}Service.class);

    @Value("${{{draw.noun()}.{other}.api-key}}")
    private String apiKey;

    public Optional<{kind}> {name}(final String password, final UUID {other}Id) {{
        final String token = tokenProvider.createToken({other}Id, Duration.ofMinutes({draw.number(5, 90)}));
        if (!passwordEncoder.matches(password, user.getPassword())) {{
            throw new BadCredentialsException("{draw.noun()}.{draw.noun()}.password.invalid");
        }}
        LOG.debug("{draw.verb()} {{}} with key {{}}", {other}Id, {draw.camel()}.getKeyId());
        return repository.findBy{kind}KeyAndToken(apiKey, token);
    }}
}}
"""


def _sql(draw: Draw) -> str:
    table, other = draw.noun() + "s", draw.noun()
    return draw.choice(
        f"""CREATE TABLE {table} (
    id            BIGSERIAL PRIMARY KEY,
    {other}_id    UUID NOT NULL REFERENCES {other}s (id) ON DELETE CASCADE,
    password_hash VARCHAR({draw.choice(60, 128, 255)}) NOT NULL,
    api_token     CHAR({draw.choice(32, 40, 64)}) UNIQUE,
    created_at    TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX {table}_{other}_idx ON {table} ({other}_id, created_at DESC);
""",
        f"""SELECT t.{other}_id, COUNT(*) AS total, MAX(t.{draw.snake()}) AS latest
FROM {table} t JOIN {other}s o ON o.id = t.{other}_id AND o.token IS NOT NULL
WHERE t.created_at >= '{draw.day()} {draw.time()}' AND t.status IN ('{draw.noun()}', '{draw.noun()}')
GROUP BY 1 HAVING COUNT(*) > {draw.number(1, 99)} ORDER BY 2 DESC LIMIT {draw.number(10, 500)};
""",
        f"""UPDATE {table} SET password_hash = crypt(:password, gen_salt('bf', {draw.number(8, 14)})), token = NULL
WHERE {other}_id = :{other}_id;
GRANT SELECT, INSERT ON {table} TO {draw.noun()}_reader;
""",
    )


def _shell(draw: Draw) -> str:
    name, other = draw.constant(), draw.kebab()
    return draw.choice(
        f"""#!/usr/bin/env bash
set -euo pipefail

: "${{{name}_TOKEN:?is not set}}"
PASSWORD="$(aws secretsmanager get-secret-value --secret-id {other} --query SecretString --output text)"
docker build -t registry.{draw.noun()}.io/{other}:{draw.version()} --build-arg VERSION="$(git rev-parse --short HEAD)" .
kubectl -n {draw.noun()} create secret generic {other} --from-literal=password="$PASSWORD" --dry-run=client -o yaml
""",
        f"""curl -fsSL -H "Authorization: Bearer $TOKEN" "https://api.{draw.noun()}.dev/v1/{other}?page={draw.number(1, 9)}" | jq -r '.items[].id'
for {draw.noun()} in $(ls {draw.path("")}); do tar -czf "{other}-$(date +%F).tgz" "$_"; done
export {name}_API_KEY=$(cat /run/secrets/{draw.noun()}_key)
""",
        f"""git clone https://github.com/{draw.noun()}/{other}.git && cd {other} && git checkout {draw.hex(draw.choice(7, 12, 40))}
read -rs -p "Password: " PASSWORD
mysql --user={draw.noun()} --password="$PASSWORD" {draw.noun()} < {draw.path(".sql")}
""",
    )


def _settings(draw: Draw) -> str:
    """Settings that name secrets, and have none."""
    name, upper = draw.snake(), draw.constant()
    return draw.choice(
        f"[{draw.noun()}]\nhost = {draw.address()}\nport = {draw.number(80, 9999)}\npassword = ${{{upper}_PASSWORD}}\n"
        f"token_file = /run/secrets/{name}\n",
        f"{draw.noun()}:\n  url: https://{draw.kebab()}.example.com/{draw.noun()}\n  tokenSecretRef:\n"
        f'    name: {draw.kebab()}\n    key: api-token\n  password: "{{{{ vault_{name}_password }}}}"\n',
        f"{upper}_URL=https://{draw.kebab()}.internal:{draw.number(1000, 9999)}/{draw.noun()}\n{upper}_API_KEY=\n"
        f"{upper}_SECRET=<your-secret-here>\n{upper}_PASSWORD=\n{upper}_TOKEN_TTL={draw.number(60, 86400)}\n",
        f'variable "{name}_password" {{\n  type      = string\n  sensitive = true\n}}\n\n'
        f'resource "random_password" "{draw.noun()}" {{\n  length = {draw.number(16, 64)}\n}}\n',
        f"      - uses: actions/checkout@{draw.hex(40)} # v{draw.number(1, 6)}\n        with:\n"
        f"          token: ${{{{ secrets.{upper}_TOKEN }}}}\n          key: ${{{{ runner.os }}}}-{draw.kebab()}\n",
    )


SORTS: Final[dict[str, Sort]] = {
    "Python": _python,
    "TypeScript": _typescript,
    "Go": _go,
    "Rust": _rust,
    "Java": _java,
    "SQL": _sql,
    "shell": _shell,
    "settings without secrets": _settings,
}
