# Runs a server that must not outlive the program that asked for it.
#
# Standard input is a pipe whose other end that program holds and never writes to. When it is closed, be it by the
# program or by the system because the program was killed, `read` returns and the server is told to stop.
#
# Arguments: the signal that stops the server, a directory to remove afterwards (or nothing), the server's command.
signal=$1 throwaway=$2
shift 2
# Shells give background commands an empty standard input, hence the other descriptor.
exec 3<&0 </dev/null
"$@" 3<&- &
server=$!
{
  read -r _ <&3
  kill -s "$signal" "$server"
} &
watcher=$!
exec 3<&-
trap 'kill -s "$signal" "$server"' HUP INT TERM
# A signal ends `wait` early.
while
  wait "$server"
  status=$?
  kill -0 "$server" 2>/dev/null
do :; done
kill "$watcher" 2>/dev/null
if [ -n "$throwaway" ]; then rm -rf -- "$throwaway"; fi
exit "$status"
