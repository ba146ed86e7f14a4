# The file is there, but nothing copies it.
# expect: fixed

template "no-copy" {
  batch "work" {
    user = "root"
    run  = ["pip install -r requirements.txt"]
  }
}
