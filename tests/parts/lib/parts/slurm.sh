# shellcheck shell=bash disable=SC2034,SC2154
# Slurm as packages; cluster/up makes a cluster of it. MariaDB's server without the package that would start one.
needs=(user)
packages=(slurmctld slurmd slurm-client slurm-wlm-basic-plugins slurmdbd slurm-wlm-mysql-plugin munge
  mariadb-server-core mariadb-client-core iproute2 procps)

build() {
  report "$(dpkg-query -W -f '${Version}' slurmctld | cut -d- -f1)" "cluster/up, cluster/one-node"
}
