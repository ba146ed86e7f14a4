# Cypress fills in the rest: the value has to stay as it is here.
order = 153
title = "Cypress"
tools = ["cypress"]
how   = "a variable"
env   = { CYPRESS_DOWNLOAD_PATH_TEMPLATE = "$${url}/$${version}/$${platform}-$${arch}/cypress.zip" }
