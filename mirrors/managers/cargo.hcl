order     = 190
separator = "@"
operators = ["@"]
install   = "cargo install --root /usr/local $${flags} $${packages}"
cleanup   = "rm -rf /root/.cargo/registry /root/.cargo/git /home/*/.cargo/registry /home/*/.cargo/git"
