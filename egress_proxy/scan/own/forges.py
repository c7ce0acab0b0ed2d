"""Tokens of code forges, package registries and CI."""

from __future__ import annotations

from egress_proxy.scan.tokens import Token

TOKENS = (
    Token("atlassian-token", "AT(ATT3|CTT3){s40}"),
    Token("azure-devops-token", "{A76}AZDO{A4}"),
    Token("bitbucket-token", "ATBB{w24}"),
    Token("buildkite-token", "bk(ua|at|ct|pt|aj|rt)_{A30}"),
    Token("cargo-token", "cio{A32}"),
    Token("chromatic-token", "chpt_{h10}"),
    Token("circleci-token", "CCI(PAT|PRJ)_{A20-24}_{h40}"),
    Token("clojars-token", "CLOJARS_{a60}"),
    Token("depot-token", "depot_(org|user|project)_{h40}"),
    Token("docker-token", "dckr_(pat|oat)_{w24}"),
    Token("github-any-token", "gh(p|o|u|s|r)_{A30}"),
    Token("github-fine-grained-token", "github_pat_{W36}"),
    Token("gitlab-token-routable", "gl(pat|dt|ft|soat|oas|rt|rtr|cbt|imt|ptt|agent|ffct|wt)-{s19}"),
    Token("gitlab-runner-token", "GR1348941{w20}"),
    Token("harness-token", "(pat|sat).{w22}.{h24}.{A20}"),
    Token("jfrog-token", "cmVmd{A56}"),
    Token("jfrog-token", "AKCp{A64}"),
    Token("npm-token", "npm_{A36}"),
    Token("nuget-key", "oy2{a43}"),
    Token("octopus-key", "API-{U26}"),
    Token("packagist-token", "packagist_(ack|acs|org|uut|uat|out|oat)_{h40}"),
    Token("pypi-upload-token", "pypi-Ag{w50}"),
    Token("rubygems-token", "rubygems_{h48}"),
    Token("snyk-token", "snyk_(uat|sat).{s20}"),
    Token("sonar-token", "sq(a|p|u)_{h40}"),
    Token("sourcegraph-token", "(sgp_({h16}_|local_|){h40}|slk_{h64})"),
    Token("trigger-dev-key", "tr_(dev|prod|stg|pat)_{A20}"),
)
