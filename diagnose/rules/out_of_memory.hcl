# The kernel, a limit, or a run time ended a process for its memory.
rule "out_of_memory" {
  category   = "out_of_memory"
  priority   = 94
  match      = <<-RE
    (?i)heap out of memory
    (?i)javascript heap
    (?i)\bout of memory\b
    (?i)cannot allocate memory
    (?i)virtual memory exhausted
    CondaMemoryError
    failed to map segment from shared object$
    (?i)memory exhausted
    ^MemoryError
    (?:line \d+|行 \d+|Zeile \d+|ligne \d+|línea \d+): +\d+ (?:Killed|已杀死|Getötet|Processus arrêté|Terminado \(killed\)|Killed: 9)
    ^Killed$
    (?:^| )已杀死
    \d+ Killed +\S
    (?:(?:^|[/ ])(?P<program>[\w.+-]+): )?signal: killed
    signal: 9, SIGKILL
    Killed signal terminated program (?P<program>\S+)
    internal compiler error: Killed
    (?i)java\.lang\.OutOfMemoryError
    (?i)was killed \(?(?:oom|out of memory)
    (?i)terminated by signal SIGKILL
    (?i)process .*exited with signal SIGKILL
    died with <Signals\.SIGKILL: 9>
    (?i)exit (?:status|code):? 137\b
    runtime: out of memory
    内存不足|无法分配内存|Speicher konnte nicht belegt werden|Impossible d'allouer de la mémoire|No se pudo (?:asignar|reservar) (?:la )?memoria
  RE
  except     = "(?i)scavenge might not succeed|error .*(?:context|allocat)ion failure$"
  subject    = program
  summary    = "A process ran out of memory and was ended."
  summary_zh = "进程内存不足，被终止。"
}

rule "out_of_memory_137" {
  category   = "out_of_memory"
  exit_codes = [137]
  priority   = 30
  confidence = "medium"
  when       = timeout_s == 0 || seconds_s < timeout_s
  summary    = "A process was killed (exit code 137), most often for its memory."
  summary_zh = "进程被杀死（退出码 137），最常见的原因是内存不足。"
}

sample "node" {
  log       = "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory"
  exit_code = 134
  batch     = "template.x.batch.web"
  want      = { category = "out_of_memory", edit = "template.x.memory_mb=4096" }
}

sample "twice" {
  log       = "Killed"
  exit_code = 137
  batch     = "template.x.batch.web"
  memory_mb = 512
  want      = { category = "out_of_memory", fix = "memory_mb = 1024", edit = "template.x.memory_mb=1024" }
}

sample "silent" {
  log       = "loading the model"
  exit_code = 137
  want      = { category = "out_of_memory", confidence = "medium" }
}

sample "e2b" {
  log    = "compiling"
  reason = "failed to run command 'make': signal: killed"
  want   = { category = "out_of_memory" }
}
