order     = 170
separator = "@"
operators = ["@"]
env       = { BUN_INSTALL_BIN = "/usr/local/bin", BUN_INSTALL_GLOBAL_DIR = "/usr/local/lib/bun" }
install   = "bun add -g $${flags} $${packages}"
cleanup   = "rm -rf /root/.bun/install/cache /home/*/.bun/install/cache"
