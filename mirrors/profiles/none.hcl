title = "No mirror: every tool's own default"
