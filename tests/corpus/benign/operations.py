"""What commands print, and what deployments are described with."""

from __future__ import annotations

from typing import Final

from tests.corpus.benign.reply import Draw, Sort


def _kubernetes(draw: Draw) -> str:
    name = draw.kebab()
    return draw.choice(
        f"""apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  uid: {draw.uuid()}
  labels: {{app.kubernetes.io/name: {name}, pod-template-hash: {draw.lower(10)}}}
spec:
  replicas: {draw.number(1, 9)}
  template:
    spec:
      serviceAccountName: {draw.noun()}
      containers:
        - name: {draw.noun()}
          image: oci.acme.example/{draw.noun()}/{name}:{draw.version()}@sha256:{draw.hex(64)}
          env:
            - name: {draw.constant()}_PASSWORD
              valueFrom:
                secretKeyRef: {{name: {name}-credentials, key: password}}
            - name: TOKEN_PATH
              value: /var/run/secrets/kubernetes.io/serviceaccount/token
      imagePullSecrets:
        - name: {name}-registry
---""",
        f"""NAME                                READY   STATUS    RESTARTS   AGE
{name}-{draw.lower(10)}-{draw.lower(5)}   1/1     Running   {draw.number(0, 9)}          {draw.number(1, 90)}d
{draw.kebab()}-{draw.lower(10)}-{draw.lower(5)}   0/1     CrashLoopBackOff   {draw.number(9, 99)}   {draw.number(1, 23)}h""",
        f'Normal  Pulled  {draw.number(1, 59)}s  kubelet  Successfully pulled image "{name}:{draw.version()}" in {draw.number(1, 9)}s. '
        f"Container ID: containerd://{draw.hex(64)}",
        f"""apiVersion: v1
kind: ConfigMap
metadata:
  name: {name}
  resourceVersion: "{draw.digits(9)}"
data:
  LOG_LEVEL: {draw.choice("info", "debug")}
  {draw.constant()}_URL: http://{draw.kebab()}.{draw.noun()}.svc.cluster.local:{draw.number(1000, 9999)}
---""",
    )


def _docker(draw: Draw) -> str:
    name = draw.kebab()
    return draw.choice(
        f"""FROM node:{draw.number(18, 24)}-alpine@sha256:{draw.hex(64)} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci --ignore-scripts
ARG COMMIT={draw.hex(40)}
ENV NODE_ENV=production PORT={draw.number(3000, 9000)} TOKEN_FILE=/run/secrets/{draw.noun()}_token
COPY --from=build --chown=1000:1000 /app/dist ./dist
HEALTHCHECK CMD curl -f http://localhost:{draw.number(3000, 9000)}/{draw.noun()} || exit 1
""",
        f"CONTAINER ID   IMAGE          COMMAND                  CREATED       STATUS       PORTS      NAMES\n"
        f'{draw.hex(12)}   {name}:{draw.version()}   "docker-entrypoint.s…"   {draw.number(2, 50)} hours ago   Up   '
        f"0.0.0.0:{draw.number(1000, 9999)}->80/tcp   {draw.noun()}_{draw.noun()}_1",
        f"#{draw.number(1, 30)} [build {draw.number(1, 9)}/9] COPY {draw.path('')} ./\n#{draw.number(1, 30)} sha256:{draw.hex(64)} "
        f"{draw.number(1, 90)}.{draw.number(10, 99)}MB / 90MB 1.2s\n#{draw.number(1, 30)} writing image sha256:{draw.hex(64)} done",
        f"{name}   {draw.version()}   {draw.hex(12)}   {draw.number(1, 12)} weeks ago   {draw.number(10, 900)}MB",
    )


def _listings(draw: Draw) -> str:
    return draw.choice(
        f"-rw-r--r--  1 {draw.noun()} staff {draw.number(100, 999999):8} Mar {draw.number(1, 28):2} {draw.time()[:5]} {draw.snake()}.{draw.choice('py', 'ts', 'pem', 'json')}",
        f"drwxr-xr-x {draw.number(2, 30):2} root root 4096 Mar {draw.number(1, 28):2} {draw.time()[:5]} {draw.kebab()}-{draw.version()}",
        f"├── {draw.kebab()}@{draw.version()}\n│ ├─┬ @{draw.noun()}/{draw.noun()}@{draw.version()}\n│ │ └── {draw.kebab()}@{draw.version()} deduped",
        f"{draw.path('.py')}:{draw.number(1, 900)}:{draw.number(1, 80)}: {draw.choice('E', 'W', 'F')}{draw.number(100, 999)} {draw.noun()} `{draw.snake()}` is {draw.noun()}",
        f'{draw.path(".go")}:{draw.number(1, 900)}:\tpassword, err := {draw.camel()}.Get{draw.pascal()}(ctx, "{draw.kebab()}")',
        f'tcp   LISTEN 0  {draw.number(64, 4096)}  {draw.address()}:{draw.number(80, 9999)}  users:(("{draw.noun()}",pid={draw.number(100, 99999)},fd={draw.number(3, 99)}))',
        f"{draw.number(100, 99999):6} {draw.noun():8} 20   0  {draw.digits(7)} {draw.digits(5)}  S  {draw.number(0, 99)}.{draw.number(0, 9)}  0:{draw.number(10, 59)} /usr/bin/{draw.noun()} --config={draw.path('.toml')}",
    )


def _tests(draw: Draw) -> str:
    return draw.choice(
        f"tests/test_{draw.snake()}.py::test_{draw.snake()}_{draw.noun()}[{draw.kebab()}-{draw.number(1, 99)}] PASSED [{draw.number(1, 100):3}%]",
        f"FAILED tests/{draw.noun()}/test_{draw.snake()}.py::Test{draw.pascal()}::test_{draw.snake()} - AssertionError: assert '{draw.kebab()}' == '{draw.noun()}'",
        f"✓ {draw.path('.test.ts')} > {draw.pascal()} > {draw.verb()}s the {draw.noun()} token ({draw.number(1, 900)} ms)",
        f"--- PASS: Test{draw.pascal()}/{draw.snake()} (0.{draw.number(10, 99)}s)",
        f"test {draw.snake()}::tests::{draw.snake()}_{draw.noun()} ... ok",
        f"E       assert {{'{draw.noun()}': {draw.number(1, 99)}, 'id': '{draw.uuid()}'}} == {{'{draw.noun()}': None}}",
        f"src/{draw.noun()}/{draw.snake()}.py      {draw.number(10, 900)}     {draw.number(0, 90)}    {draw.number(10, 100)}%   {draw.number(1, 90)}-{draw.number(91, 200)}",
        f"Ran {draw.number(1, 900)} tests in {draw.number(1, 90)}.{draw.number(100, 999)}s\n\nOK (skipped={draw.number(0, 9)})",
    )


SORTS: Final[dict[str, Sort]] = {
    "Kubernetes": _kubernetes,
    "Docker": _docker,
    "listings": _listings,
    "test output": _tests,
}
