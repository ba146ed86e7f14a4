# Alpine. --no-cache reads a fresh index and keeps none.
order     = 20
separator = "="
operators = ["~=", ">=", "<=", "=", ">", "<", "~"]
install   = "apk add --no-cache $${flags} $${packages}"
cleanup   = "rm -rf /var/cache/apk/*"
