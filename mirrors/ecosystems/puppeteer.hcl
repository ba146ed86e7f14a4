# Versions before 22 know only the last two.
order = 151
title = "Browsers of Puppeteer"
tools = ["puppeteer"]
how   = "variables"

env = {
  PUPPETEER_CHROME_DOWNLOAD_BASE_URL                = "$${url}"
  PUPPETEER_CHROME_HEADLESS_SHELL_DOWNLOAD_BASE_URL = "$${url}"
  PUPPETEER_DOWNLOAD_BASE_URL                       = "$${url}"
  PUPPETEER_DOWNLOAD_HOST                           = "$${url}"
}
