"""Names of programs, by what they do. A list that lacks one makes a reason poorer, never a verdict weaker: what no rule
of the operator's allows is a human's anyway.
"""

from __future__ import annotations

from typing import Final


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


PRIVILEGE: Final = _names(
    "sudo sudoedit doas su pkexec runuser setpriv gosu chroot unshare nsenter sg newgrp machinectl"
)
SHELLS: Final = _names("sh bash dash zsh ksh mksh ash fish csh tcsh rbash busybox")
INTERPRETERS: Final = SHELLS | _names(
    "python python2 python3 pypy pypy3 perl ruby node nodejs deno bun php lua luajit tclsh osascript pwsh"
    " powershell r rscript julia groovy scala ghci irb iex elixir awk gawk mawk nawk ed ex vim vi emacs gdb"
    " sqlite3 psql mysql make m4"
)
WRAPPERS: Final = (
    PRIVILEGE
    | SHELLS
    | _names(
        "env nohup timeout gtimeout nice ionice chrt time command builtin exec eval stdbuf unbuffer setsid setarch"
        " taskset numactl xargs parallel find fd watch entr flock script strace ltrace perf valgrind catchsegv"
        " faketime proot fakeroot dbus-run-session xvfb-run systemd-run at batch ssh sshpass mosh trap source . coproc"
        " noglob nocorrect chronic ifne npx pnpx bunx uvx pipx poetry pipenv uv hatch tox nox direnv dotenv docker"
        " podman kubectl git env-cmd cross-env"
    )
)
"""Programs that run what their arguments say. Each tail of their arguments, and each argument that is a text, is looked
at as a command of its own."""
STATEFUL: Final = _names(
    "alias unalias cd pushd popd source . eval exec trap set shopt enable hash builtin command declare typeset"
    " local export readonly unset let read mapfile readarray printf getopts bind complete umask ulimit fc history"
    " env"
)
"""Commands of the shell that change what later ones mean."""
INDIRECT: Final = _names("eval source . alias trap exec enable bind complete declaration env")
CONTAINERS: Final = _names(
    "docker docker-compose podman podman-compose nerdctl buildah skopeo kubectl oc helm k3s k0s kind minikube"
    " crictl ctr lxc lxd incus vagrant virsh virt-install qemu-img multipass limactl colima nomad terraform tofu"
    " pulumi ansible ansible-playbook"
)
SERVICES: Final = _names(
    "systemctl service launchctl initctl rc-service rc-update supervisorctl pm2 svc sv s6-svc monit reboot"
    " shutdown halt poweroff init telinit kill pkill killall killall5 fuser xkill crontab at batch atrm loginctl"
    " systemd-run apachectl"
)
DISKS: Final = _names(
    "dd fdisk sfdisk cfdisk gdisk sgdisk parted partprobe wipefs mount umount losetup cryptsetup lvm lvcreate"
    " lvremove lvresize vgcreate vgremove pvcreate pvremove shred blkdiscard swapon swapoff mkswap e2fsck fsck"
    " resize2fs tune2fs xfs_repair xfs_growfs zfs zpool btrfs mdadm hdparm nvme diskutil hdiutil badblocks fstrim"
    " dmsetup growpart"
)
CREDENTIALS: Final = _names(
    "pass gopass security secret-tool op bw rbw lpass vault keyctl ssh-add ssh-keygen kinit klist gnome-keyring"
    " keyring aws-vault chamber sops age ansible-vault cmdkey keepassxc-cli infisical doppler"
)
NETWORK: Final = _names(
    "curl wget httpie http https xh aria2c lynx links w3m ftp sftp scp rsync ssh mosh nc ncat netcat socat telnet"
    " openssl dig nslookup host drill ping nmap rclone s3cmd aws gcloud az doctl gh glab hub mail mailx sendmail"
    " mutt"
)
WRITERS: Final = _names(
    "tee cp mv ln install rsync mkdir touch truncate chmod chown chgrp setfacl sponge split csplit patch unzip"
    " tar mkfifo mknod rmdir rename mktemp"
)
"""Programs whose arguments are files that they write."""

PUBLISHERS: Final[dict[str, frozenset[str]]] = {
    "npm": _names("publish unpublish deprecate dist-tag access owner token star"),
    "yarn": frozenset({"publish", "npm"}),
    "pnpm": frozenset({"publish", "dist-tag", "deprecate"}),
    "bun": frozenset({"publish"}),
    "jsr": frozenset({"publish"}),
    "deno": frozenset({"publish"}),
    "lerna": frozenset({"publish"}),
    "changeset": frozenset({"publish"}),
    "cargo": frozenset({"publish", "yank", "owner"}),
    "twine": frozenset({"upload"}),
    "poetry": frozenset({"publish"}),
    "uv": frozenset({"publish"}),
    "flit": frozenset({"publish"}),
    "hatch": frozenset({"publish"}),
    "pdm": frozenset({"publish"}),
    "setup.py": frozenset({"upload", "register"}),
    "gem": frozenset({"push", "yank", "owner"}),
    "docker": frozenset({"push"}),
    "podman": frozenset({"push"}),
    "helm": frozenset({"push"}),
    "oras": frozenset({"push"}),
    "mvn": frozenset({"deploy", "deploy:deploy", "release:perform"}),
    "gradle": frozenset({"publish", "uploadarchives"}),
    "gradlew": frozenset({"publish", "uploadarchives"}),
    "dotnet": frozenset({"push"}),
    "nuget": frozenset({"push"}),
    "gh": frozenset({"release"}),
    "glab": frozenset({"release"}),
    "goreleaser": frozenset({"release"}),
    "vsce": frozenset({"publish"}),
    "firebase": frozenset({"deploy"}),
    "vercel": frozenset({"deploy"}),
    "netlify": frozenset({"deploy"}),
    "wrangler": frozenset({"publish", "deploy"}),
    "fly": frozenset({"deploy"}),
    "flyctl": frozenset({"deploy"}),
}
"""Programs and the words among their arguments that publish."""
SECRET_WORDS: Final[dict[str, frozenset[str]]] = {
    "git": frozenset({"credential", "credential-store", "credential-cache"}),
    "gh": frozenset({"auth"}),
    "glab": frozenset({"auth"}),
    "aws": frozenset({"configure", "sts", "secretsmanager", "ssm"}),
    "gcloud": frozenset({"auth", "secrets"}),
    "az": frozenset({"account", "keyvault"}),
    "npm": frozenset({"token", "login", "adduser"}),
    "gpg": frozenset({"--export-secret-keys", "--export-secret-subkeys", "--decrypt", "-d"}),
    "gpg2": frozenset({"--export-secret-keys", "--export-secret-subkeys", "--decrypt", "-d"}),
    "kubectl": frozenset({"secret", "secrets"}),
    "docker": frozenset({"login"}),
}
"""Programs and the words among their arguments that reach for credentials."""
STORES: Final = (
    ".ssh",
    ".aws",
    ".gnupg",
    ".netrc",
    ".docker/config.json",
    ".kube",
    ".config/gcloud",
    ".config/gh",
    ".azure",
    ".git-credentials",
    ".config/git/credentials",
    ".npmrc",
    ".pypirc",
    ".cargo/credentials.toml",
    ".cargo/credentials",
    ".gem/credentials",
    ".password-store",
    ".local/share/keyrings",
    ".vault-token",
    ".pgpass",
    ".my.cnf",
    ".terraform.d/credentials.tfrc.json",
    "library/keychains",
)
"""Places of credentials, below any home directory."""
SYSTEM_STORES: Final = (
    "/etc/shadow",
    "/etc/gshadow",
    "/etc/sudoers",
    "/etc/ssh",
    "/etc/ssl/private",
    "/run/secrets",
    "/proc",
)
RISKY_VARIABLES: Final = (
    "PATH", "IFS", "ENV", "BASH_ENV", "SHELLOPTS", "BASHOPTS", "PS4", "PROMPT_COMMAND", "LD_", "DYLD_", "GIT_",
    "PAGER", "EDITOR", "VISUAL", "BROWSER", "PYTHON", "NODE_", "NPM_", "npm_", "PERL", "RUBY",
    "JAVA_TOOL_OPTIONS", "GCONV_PATH", "SHELL", "MAKEFLAGS", "HOME", "XDG_", "LESSOPEN", "LESS", "CC", "CXX",
    "RUSTC", "CARGO", "GOFLAGS", "SSH_", "CDPATH", "FPATH",
)  # fmt: skip
"""Beginnings of names of variables that make a program run, load or read something else."""
CODE_OPTIONS: Final[dict[str, tuple[str, ...]]] = {
    "python": ("-c",),
    "python2": ("-c",),
    "python3": ("-c",),
    "pypy3": ("-c",),
    "perl": ("-e", "-E"),
    "ruby": ("-e",),
    "node": ("-e", "--eval", "-p", "--print"),
    "nodejs": ("-e", "--eval", "-p", "--print"),
    "deno": ("eval",),
    "bun": ("-e",),
    "php": ("-r",),
    "lua": ("-e",),
    "osascript": ("-e",),
    "vim": ("-c", "+"),
    "vi": ("-c", "+"),
    "ex": ("-c", "+"),
    "gdb": ("-ex", "--eval-command"),
    "tar": ("--checkpoint-action", "--to-command", "-I", "--use-compress-program"),
    "rsync": ("-e", "--rsh"),
    "ssh": ("-o",),
    "find": ("-exec", "-execdir", "-ok", "-okdir"),
    "fd": ("-x", "-X", "--exec", "--exec-batch"),
    "rg": ("--pre",),
    "sort": ("--compress-program",),
    "man": ("-P", "--pager"),
    "npm": ("exec", "explore", "--script-shell", "x"),
}
"""Options with which a program runs code that stands in its arguments."""
