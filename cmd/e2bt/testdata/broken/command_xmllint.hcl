# A package that is called otherwise: libxml2-utils.
# expect: fixed

template "command-xmllint" {
  base { template = "lists" }

  batch "work" {
    run = ["echo '<a/>' | xmllint -"] # needs xmllint
  }
}
