# Fedora and its kin: name-version is dnf's own syntax.
order     = 30
separator = "-"
operators = []
install   = "dnf install -y $${flags} $${packages}"
cleanup   = "dnf clean all && rm -rf /var/cache/dnf /var/cache/libdnf5"
