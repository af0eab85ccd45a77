# Send a POST that is refused before its body was read, as http.client and the
# libraries on top of it do: all of the body, and then the answer is read, also
# if the body could not be sent to its end. Prints the status.
#
#   early_refusal.py HOST PORT PATH BYTES HEADER=VALUE...
import http.client
import sys

host, port, path, size = sys.argv[1:5]
headers = dict(entry.split("=", 1) for entry in sys.argv[5:])
connection = http.client.HTTPConnection(host, int(port), timeout=30)
try:
    connection.request("POST", path, b" " * int(size), headers)
except BrokenPipeError:
    pass
answer = connection.getresponse()
answer.read()
print(answer.status)
