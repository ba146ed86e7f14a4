# nothing
ARG A=b
