# Arch. -Syu, since partial upgrades are not supported there.
order     = 40
separator = "="
operators = ["="]
install   = "pacman -Syu --noconfirm --needed $${flags} $${packages}"
cleanup   = "rm -rf /var/cache/pacman/pkg/*"
