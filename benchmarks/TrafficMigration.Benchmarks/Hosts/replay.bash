# What a host of the benchmark runs, whatever it is asked: a recording of the sampler's output, with counters and
# clocks that advance. Bash, because its `read -t` waits without a process a second, of which 200 hosts on one
# machine would otherwise spend most of what is to be measured.
case $SSH_ORIGINAL_COMMAND in
  *@facts*) ;;
  *) exec /bin/sh -c "$SSH_ORIGINAL_COMMAND" ;;
esac
exec 3<> <(:)
facts=$(<"$1/facts") head=$(<"$1/head") counters=$(<"$1/counters") interval=$(<"$1/interval")
clock() { read -r up _ </proc/uptime; printf '@%s %s %s\n' "$1" "$EPOCHREALTIME" "$up"; }
# The sampler's programs write one after another, and so it arrives: a packet for each.
gap() { read -r -t 0.002 -u 3; }
printf '%s\n' "$facts"
for ((n = 0; ; n++)); do
  printf -v count %06d "$n"
  clock sample
  gap
  printf '%s\n%s\n' "$head" "${counters//COUNT/$count}"
  gap
  clock counted
  printf '@end\n'
  read -r -t "$interval" ask
  status=$?
  # 1 is the end of the input; above 128, only the time is over.
  ((status == 1)) && exit
  [ "$status$ask" = 0facts ] && printf '%s\n' "$facts"
done
