title   = "npmmirror for JavaScript and its binaries, else as cn"
extends = "cn"

pick = {
  npm        = ["npmmirror"]
  node       = ["npmmirror"]
  python     = ["npmmirror"]
  playwright = ["npmmirror"]
  puppeteer  = ["npmmirror"]
  electron   = ["npmmirror"]
  cypress    = ["npmmirror"]
  prisma     = ["npmmirror"]
}
