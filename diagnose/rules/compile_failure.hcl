# A compiler, header or build tool is missing, or the source does not compile.
rule "compile_failure_missing" {
  category   = "compile_failure"
  priority   = 57
  match      = <<-RE
    (?i)Cargo, the Rust package manager, is not installed
    gyp ERR! stack Error: not found: (?P<command_name>\S+)
    (?i)can not find valid pkg-config name
    (?i)can't find the '(?P<header>[^' ]+)' header
    (?i)could not find a version of the (?P<library>\w+) library|unable to find (?P<library>lib\w+)
    (?i)the headers? .*(?P<header>[\w/]+\.h).* (?:is|are) required
    fatal error: (?P<header>[\w./+-]+\.(?:h|hpp|hh|inc)): No such file or directory
    fatal error: '(?P<header>[^']+)' file not found
    致命错误：(?P<header>[\w./+-]+)：
    schwerwiegender Fehler: (?P<header>[\w./+-]+): 
    (?i)error: command '(?P<command_name>[^']+)' failed: (?:no such file or directory|permission denied)
    (?i)unable to execute '(?P<command_name>[^']+)': no such file
    (?i)(?:make|ninja)(?:\[\d+\])?: (?P<command_name>cc|gcc|g\+\+|c\+\+|clang|cmake|ar|ld|gfortran|nasm|yasm): (?:no such file or directory|command not found)
    (?i)C compiler "?(?P<command_name>[\w+-]+)"? not found
    exec: "(?P<command_name>gcc|cc|g\+\+|c\+\+|clang)": executable file not found
    (?i)linker `(?P<command_name>cc|gcc|clang|ld|lld)` not found
    (?i)(?P<command_name>pg_config|mysql_config|curl-config|xml2-config|xslt-config|gdal-config|geos-config|krb5-config|llvm-config|net-snmp-config|pkg-config|cmake|swig|cython|gfortran|rustc|cargo|ninja|meson|nasm|autoreconf|protoc) (?:executable |command |utility )?(?:is |was |could )?(?:not (?:be )?found|is required|is not installed|not installed)
    (?i)you need to install (?P<command_name>[\w-]+)(?: or| to| first)
    (?i)no acceptable C compiler found
    Running `(?P<command_name>cc|gcc|c\+\+|g\+\+|clang) --version` gave
    ERROR: Unknown compiler\(s\): \[\[?'(?P<command_name>[\w+-]+)'
    Failed to get options via (?P<command_name>[\w-]+)
    meson\.build:\d+:\d+: ERROR: Dependency "(?P<library>[^"]+)" not found
    ERROR: Dependency "(?P<library>[^"]+)" not found, tried pkgconfig
    Program '(?P<command_name>[\w+-]+)' not found or not executable
    (?:Did not find|Could not find) (?P<command_name>CMake|Ninja|pkg-config)\b
    Package (?P<library>\S+) was not found in the pkg-config search path
    invalid command '(?P<command_name>bdist_wheel)'
    likely indicates that \S+ depends on (?P<command_name>\w+), but doesn't declare it as a build dependency
    (?i)(?:C|CXX|C\+\+|Fortran) compiler .*(?:cannot create executables|is not able to compile|identification is unknown)
    (?i)CMAKE_(?:C|CXX|Fortran|MAKE)_(?:COMPILER|PROGRAM)\S* (?:not set|could be found)
    No CMAKE_\w+_COMPILER could be found
    (?i)cmake must be installed
    (?i)could not find (?:directory of )?(?P<library>openssl|libclang|protoc|boost|zlib|ffmpeg|libpq|sqlite3?)(?: installation)?
    make(?:\[\d+\])?: \*\*\* No rule to make target '(?P<header>[^']+)', needed by
    configure: error: (?P<library>[\w.+-]+) (?:library|headers?|development files?) (?:is|are|not)
    (?i)find Python .*(?:Python is not set|could not be run)
    (?i)could not find any Python installation to use
    (?i)can't find Python executable
    (?i)(?:please )?make sure (?:that )?(?:the |you have )?(?P<library>libxml2|[\w-]+) (?:and [\w-]+ )?development (?:packages|headers|files|libraries) (?:are|is)? ?installed
    (?i)(?:please )?install (?:the )?(?P<library>[\w.+-]+)(?:-dev|-devel| development) (?:package|headers|files)
    (?i)requires? a (?:C|C\+\+|Rust|Fortran) compiler
    (?i)(?:microsoft visual c\+\+|rust compiler|rust toolchain|cargo) .*(?:is required|not found|not installed|not on PATH)
    (?i)This package requires Rust
    (?i)can't find rust compiler
    (?i)is not installed\. Try running:
    (?i)(?P<library>[\w.-]+) (?:client|library|headers?) (?:is|are) missing\. 
    (?i)you have to install development tools first
    (?i)The headers or library files could not be found for (?P<library>\w+)
    ld: cannot find -l(?P<library>[\w.+-]+)
    (?i)\./\S+: (?:line )?\d+: (?P<command_name>cmake|make|gcc|cc|g\+\+|autoconf|automake|libtool|pkg-config): (?:command )?not found
  RE
  unless     = <<-RE
    gyp ERR! stack is related to network connectivity
    (?i)gyp ERR! stack (?:Error: |FetchError: )?(?:getaddrinfo|connect E|read E|network)
    (?i)Killed signal terminated program
    (?i)ModuleNotFoundError: No module named 'distutils'
  RE
  except     = "(?i)warning: "
  subject    = coalesce(gem_package, build_list, failed_package, go_import, pip_building, python_module, extension, header, command_name, library)
  version    = coalesce(failed_version, pip_package == failed_package ? pip_version : "")
  summary    = "${coalesce(failed_package, pip_building, pip_directory, "The source")} does not build: ${coalesce(header, command_name, library, missing_part, "a build tool")} is missing."
  summary_zh = "${coalesce(failed_package, pip_building, pip_directory, "源代码")} 构建失败：缺少 ${coalesce(header, command_name, library, missing_part, "构建工具")}。"
  fix {
    when     = provides(coalesce(system, "apt"), coalesce(header, command_name, library)) != ""
    title    = "Install what it needs: ${coalesce(system, "apt")} = [\"${provides(coalesce(system, "apt"), coalesce(header, command_name, library))}\"]."
    title_zh = "安装它所需要的：${coalesce(system, "apt")} = [\"${provides(coalesce(system, "apt"), coalesce(header, command_name, library))}\"]。"
    safe     = true
    edit {
      address = "${batch}.${coalesce(system, "apt")}[+]"
      set     = provides(coalesce(system, "apt"), coalesce(header, command_name, library))
    }
  }
}

# A tool that a package's setup wants to run.
rule "compile_failure_tool" {
  category   = "compile_failure"
  tool       = "pip"
  priority   = 58
  match      = <<-RE
    FileNotFoundError: \[Errno 2\] No such file or directory: '(?P<command_name>[a-z][\w+-]*)'
    error: \[Errno 2\] No such file or directory: '(?P<command_name>[a-z][\w+-]*)'
    pip\._vendor\.\S*BackendUnavailable
    Cannot import '(?P<command_name>[\w.]+)'$
  RE
  when       = pip_setup != ""
  subject    = coalesce(build_list, failed_package, pip_building, pip_directory, command_name)
  version    = coalesce(failed_version, pip_package == failed_package ? pip_version : "")
  summary    = "${coalesce(failed_package, pip_building, pip_directory, "The package")} does not build: ${coalesce(command_name, "a build tool")} is missing."
  summary_zh = "${coalesce(failed_package, pip_building, pip_directory, "软件包")} 构建失败：缺少 ${coalesce(command_name, "构建工具")}。"
  fix {
    when     = provides(coalesce(system, "apt"), command_name) != ""
    title    = "Install what it needs: ${coalesce(system, "apt")} = [\"${provides(coalesce(system, "apt"), command_name)}\"]."
    title_zh = "安装它所需要的工具：${coalesce(system, "apt")} = [\"${provides(coalesce(system, "apt"), command_name)}\"]。"
    safe     = true
    edit {
      address = "${batch}.${coalesce(system, "apt")}[+]"
      set     = provides(coalesce(system, "apt"), command_name)
    }
  }
}

fact "pip_setup" {
  match = <<-RE
    (?P<pip_setup>setup\.py egg_info" failed)
    (?P<pip_setup>metadata-generation-failed)
    (?P<pip_setup>(?:Getting requirements to build (?:wheel|editable)|Preparing metadata|Preparing editable metadata|python setup\.py \w+|Building wheel for \S+) .*did not run successfully)
    (?P<pip_setup>BackendUnavailable)
    (?P<pip_setup>The build backend returned an error)
    (?P<pip_setup>Failed building wheel for)
  RE
}

rule "compile_failure" {
  category   = "compile_failure"
  priority   = 43
  confidence = "medium"
  match      = <<-RE
    (?i)^(?:npm (?:error|ERR!) )?[\w./+-]+\.(?:c|cc|cpp|cxx|h|hpp|lzz|rs|go|pyx)(?::\d+)+: (?:fatal )?error: 
    (?i)error: command '\S*(?:gcc|cc|g\+\+|clang|cl\.exe|rustc|x86_64-linux-gnu-gcc)' failed with exit (?:code|status) 
    (?i)make(?:\[\d+\])?: \*\*\* .*Error \d+$
    (?i)gyp ERR! build error
    gyp ERR! not ok
    npm (?:error|ERR!) (?P<package>(?:@[\w.-]+/)?[\w.-]+)@\S+ (?:install|postinstall): `(?:node-gyp|node-pre-gyp|prebuild-install)
    (?P<package>[^/\s]+): Failed to auto-install node-gyp
    (?i)failed to build gem native extension
    (?i)(?:^|ERROR: )Failed building wheel for (?P<package>\S+)
    (?i)could not build wheels for (?P<package>[^\s,]+)
    (?i)failed to build installable wheels
    (?i)error: failed to run custom build command for
    \*\*\* extconf\.rb failed \*\*\*
    (?i)error: could not compile `(?P<package>[^`]+)`
    ^error\[E\d{4}\]: 
    ^\S+\.go:\d+:\d+: (?:undefined|cannot use|imported and not used|declared and not used|syntax error|missing return|too many|not enough)
    ^vet: \S+\.go
    (?i)ninja: build stopped: subcommand failed
    (?i)collect2: error: ld returned
    (?i)undefined reference to `
    (?i)CMake Error at .*(?:find_package|find_library|find_program|message|pkg_check_modules|FindPackageHandleStandardArgs|_message)\)?
    (?i)CMake Error: (?:CMAKE_|.*compiler)
    CMake Error at CMakeLists\.txt:\d+ \((?:project|enable_language)\)
    (?i)configure: error: 
    (?i)cython\.compiler\.errors
    (?i)error TS\d+: 
    (?i)\[ERROR\] COMPILATION ERROR
    Failed to compile\.$
  RE
  unless     = <<-RE
    (?i)Killed signal terminated program
    gyp ERR! stack is related to network connectivity
    (?i)EACCES|permission denied
  RE
  subject    = coalesce(gem_package, build_list, package, failed_package, pip_building, pip_directory)
  version    = coalesce(failed_version, pip_package == failed_package ? pip_version : "")
  summary    = "${coalesce(package, failed_package, pip_building, pip_directory, "The source")} does not compile${missing_part == "" ? "" : ": ${missing_part} is missing"}."
  summary_zh = "${coalesce(package, failed_package, pip_building, pip_directory, "源代码")} 编译失败${missing_part == "" ? "" : "：缺少 ${missing_part}"}。"
  fix {
    when     = provides(coalesce(system, "apt"), missing_part) != ""
    title    = "Install what it needs: ${coalesce(system, "apt")} = [\"${provides(coalesce(system, "apt"), missing_part)}\"]."
    title_zh = "安装它所需要的：${coalesce(system, "apt")} = [\"${provides(coalesce(system, "apt"), missing_part)}\"]。"
    safe     = true
    edit {
      address = "${batch}.${coalesce(system, "apt")}[+]"
      set     = provides(coalesce(system, "apt"), missing_part)
    }
  }
}

# What a configure script did not find explains a failure after it, but is no
# failure by itself.
fact "missing_part" {
  match = <<-RE
    (?i)package '?(?P<missing_part>[\w.+-]+)'?(?:,? required by '[^']*',?)? (?:was )?not found
    (?i)could NOT find (?P<missing_part>\w+) \(missing
    (?i)checking for (?P<missing_part>[\w./+-]+\.h)(?: in [^.]+)?\.\.\. no$
    (?i)no package '(?P<missing_part>[^']+)' found
  RE
}

rule "compile_failure_metadata" {
  category   = "compile_failure"
  priority   = 35
  confidence = "low"
  match      = <<-RE
    metadata-generation-failed
    (?i)The build backend returned an error
    (?i)command .*setup\.py egg_info.* failed with error code
    (?i)× Getting requirements to build (?:wheel|editable) did not run successfully
    (?i)× Preparing (?:editable )?metadata .* did not run successfully
  RE
  subject    = coalesce(failed_package, pip_building, pip_directory)
  version    = coalesce(failed_version, pip_package == failed_package ? pip_version : "")
  summary    = "${coalesce(failed_package, pip_building, pip_directory, "The package")} cannot be built from its source."
  summary_zh = "${coalesce(failed_package, pip_building, pip_directory, "该软件包")} 无法从源代码构建。"
}

# The first of what pip could not build; it repeats them all in the end.
fact "build_list" {
  match = <<-RE
    ^(?:ERROR: )?Failed to build (?P<build_list>[A-Za-z0-9][\w.-]*) [A-Za-z0-9]
    Could not build wheels for (?P<build_list>[A-Za-z0-9][\w.-]*)
    Failed to build installable wheels for some pyproject\.toml based projects \((?P<build_list>[A-Za-z0-9][\w.-]*)
  RE
}

fact "python_module" {
  match = "^(?:copying \\S+ -> |creating )build/lib[^/]*/(?P<python_module>[\\w-]+)"
}

fact "gem_package" {
  match = <<-RE
    Error installing (?P<gem_package>[a-z][\w-]*?(?:-\d[\w.]*)?(?:\.gem)?):
    /gems/(?P<gem_package>[A-Za-z][\w-]*?)-\d[\w.]*(?:/ext| for inspection|/)
    /extensions/[^/]+/[^/]+/(?P<gem_package>[A-Za-z][\w-]*?)-\d
  RE
}

fact "go_import" {
  match = <<-RE
    go: (?:downloading|added|finding) (?P<go_import>\S+) v
    RUN .*go get (?P<go_import>[\w./-]+)
  RE
}

# pip's directory for what it builds is named after it.
fact "pip_directory" {
  match = "/pip-(?:install|wheel|req-build)-\\w+/(?P<pip_directory>[A-Za-z0-9][\\w.-]*?)_[0-9a-f]{32}/"
}

fact "extension" {
  match = "building '_?(?P<extension>[\\w]+)[\\w.]*' extension"
}

# pip says "Collecting X" for each package; the one whose metadata or wheel it
# makes when a compiler fails is the last.
fact "pip_building" {
  match = <<-RE
    ^Collecting (?P<pip_building>[A-Za-z0-9][\w.-]*)
    ^Building wheel for (?P<pip_building>[A-Za-z0-9][\w.-]*) .*: (?:started|finished with status 'error')
    Building (?P<pip_building>[\w-]+) version \d
  RE
}

sample "header" {
  log   = <<-LOG
    Collecting python-ldap==3.4.4
      Modules/common.h:15:10: fatal error: lber.h: No such file or directory
      error: command '/usr/bin/gcc' failed with exit code 1
      ERROR: Failed building wheel for python-ldap
  LOG
  batch = "template.x.batch.py"
  want  = { category = "compile_failure", subject = "python-ldap", version = "3.4.4", fix = "libldap-dev", edit = "template.x.batch.py.apt[+]=libldap-dev" }
}

sample "gyp_no_python" {
  log  = <<-LOG
    npm error path /app/node_modules/unix-dgram
    npm error gyp ERR! find Python Python is not set from command line or npm configuration
    npm error gyp ERR! stack Error: Could not find any Python installation to use
  LOG
  want = { category = "compile_failure", tool = "npm", subject = "unix-dgram" }
}

sample "cgo" {
  log  = "cgo: C compiler \"gcc\" not found: exec: \"gcc\": executable file not found in $PATH"
  want = { category = "compile_failure", fix = "build-essential" }
}

sample "prebuilt_then_built" {
  log  = <<-LOG
    npm error path /app/node_modules/bcrypt
    npm error node-pre-gyp ERR! install request to https://github.example/bcrypt.tar.gz failed, reason: getaddrinfo ENOTFOUND github.example
    npm error node-pre-gyp WARN Pre-built binaries not installable for bcrypt@5.0.1 and node@18.20.8 (node-v108 ABI, glibc) (falling back to source compile with node-gyp)
    npm error gyp ERR! build error
    npm error gyp ERR! stack Error: not found: make
    npm error gyp ERR! not ok
  LOG
  want = { category = "compile_failure", subject = "bcrypt", fix = "python3" }
}
