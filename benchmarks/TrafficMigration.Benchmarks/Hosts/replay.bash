# What a host of the benchmark runs, whatever it is asked: a recording of the sampler's output, with counters and
# clocks that advance. Bash, because its `read -t` waits without a process a second, of which 200 hosts on one
# machine would otherwise spend most of what is to be measured.
case $SSH_ORIGINAL_COMMAND in
  *@facts*) ;;
  *) exec /bin/sh -c "$SSH_ORIGINAL_COMMAND" ;;
esac
exec 3<> <(:)
facts=$(<"$1/facts") head=$(<"$1/head") counters=$(<"$1/counters") interval=$(<"$1/interval") writes=$(<"$1/writes")
clock() { read -r up _ </proc/uptime; printf -v out '%s@%s %s %s\n' "$out" "$1" "$EPOCHREALTIME" "$up"; }
flush() { printf %s "$out"; out=; }
# What programs write one after another arrives in a packet each, if there is time between.
gap() { ((writes == 1)) || { flush; read -r -t 0.002 -u 3; }; }
printf '%s\n' "$facts"
for ((n = 0; ; n++)); do
  printf -v count %06d "$n"
  clock sample
  gap
  out+=$head$'\n'${counters//COUNT/$count}$'\n'
  gap
  clock counted
  out+=$'@end\n'
  flush
  read -r -t "$interval" ask
  status=$?
  # 1 is the end of the input; above 128, only the time is over.
  ((status == 1)) && exit
  [ "$status$ask" = 0facts ] && printf '%s\n' "$facts"
done
