# escape=`
FROM debian
RUN a `
 b
ENV A=`$B
ENV B=${A} C="x\y"
