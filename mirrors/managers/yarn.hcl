# Yarn 1: later versions have no global packages.
order     = 160
separator = "@"
operators = ["@"]
install   = "yarn global add --non-interactive --prefix /usr/local $${flags} $${packages}"
cleanup   = "rm -rf /usr/local/share/.cache/yarn /root/.cache/yarn /home/*/.cache/yarn"
