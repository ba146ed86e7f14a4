# Debian, Ubuntu. apt-get is the interface that is meant for scripts.
order     = 10
separator = "="
operators = ["="]
env       = { DEBIAN_FRONTEND = "noninteractive" }
prepare   = "apt-get update -q"
install   = "apt-get install -y -q --no-install-recommends $${flags} $${packages}"
cleanup   = "apt-get clean && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin"
