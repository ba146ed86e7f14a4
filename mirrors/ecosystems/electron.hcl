order = 152
title = "Electron"
tools = ["electron"]
how   = "a variable"
env   = { ELECTRON_MIRROR = "$${url}/" }
