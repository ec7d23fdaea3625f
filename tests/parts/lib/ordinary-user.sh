# shellcheck shell=bash disable=SC2034
# Handing a run over from root to the ordinary user that the parts made: Apptainer refuses root in many virtual
# machines, and file modes mean nothing to root. Sourced from the top of the work tree.

user=researcher

is_root() { [ "$(id -u)" = 0 ]; }

# pip reads root's own configuration file; the user gets the same as variables.
export_pip_settings() {
  local line name
  while IFS= read -r line; do
    name=PIP_$(sed -E 's/^[^.]*\.([^=]*)=.*/\1/; y/abcdefghijklmnopqrstuvwxyz-/ABCDEFGHIJKLMNOPQRSTUVWXYZ_/' <<<"$line")
    [ -n "${!name:-}" ] || export "$name=$(sed -E "s/^[^=]*='(.*)'\$/\1/" <<<"$line")"
  done < <(/usr/bin/python3 -m pip config list 2>/dev/null | grep '^global\.')
}

# What the user keeps of root's environment: how to reach package indexes, and what steers the run.
kept_environment() {
  env -0 | grep -zE '^(PIP_|SSL_|REQUESTS_CA|CURL_CA|KERNELKIT_|PYTEST_|HYPOTHESIS_|CI=|LANG=|LC_|TERM=|COLUMNS=|NO_COLOR=|[A-Za-z]+_(proxy|PROXY)=)'
}

# Everything that git would commit, in a directory that keeps its path: the installation is editable.
copy_tree() {
  local target=$1
  rm -rf "$target"
  mkdir -p "$target"
  git -c safe.directory="$PWD" ls-files -coz --exclude-standard |
    tar --create --null --files-from=- --ignore-failed-read --warning=no-failed-read | tar --extract --directory "$target"
  chown -R "$user:" "$target"
}

# What as_user's commands run in: nothing, or a command that runs another.
within=()

# as_user COMMAND…
as_user() {
  local environment
  export_pip_settings
  mapfile -d '' -t environment < <(kept_environment)
  "${within[@]}" runuser -u "$user" -- env -i "${environment[@]}" HOME="/home/$user" USER="$user" LOGNAME="$user" SHELL=/bin/bash \
    PATH=/usr/local/bin:/usr/bin:/bin "$@"
}
