# Global packages; no fund, audit or update notes in a build's log.
order     = 140
separator = "@"
operators = ["@"]
env       = { NPM_CONFIG_AUDIT = "false", NPM_CONFIG_FUND = "false", NPM_CONFIG_PROGRESS = "false", NPM_CONFIG_UPDATE_NOTIFIER = "false" }
install   = "npm install -g $${flags} $${packages}"
cleanup   = "rm -rf /root/.npm /home/*/.npm"
