order = 154
title = "Engines of Prisma"
tools = ["prisma"]
how   = "a variable"
env   = { PRISMA_ENGINES_MIRROR = "$${url}" }
