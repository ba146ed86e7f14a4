# A database is made.
# expect: fixed

template "command-sqlite3" {
  base { template = "lists" }

  batch "work" {
    run = ["sqlite3 /home/user/app.db \"create table t (n int)\""] # needs sqlite3
  }
}
