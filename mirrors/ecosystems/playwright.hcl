order = 150
title = "Browsers of Playwright"
tools = ["playwright"]
how   = "a variable"
env   = { PLAYWRIGHT_DOWNLOAD_HOST = "$${url}" }
