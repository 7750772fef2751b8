# Asks each address of a file ("name TAB host TAB ip TAB port" a line) with Ruby's net/http, and
# prints "name TAB what was seen".
require "net/http"
require "openssl"

def ask(host, ip, port)
  http = Net::HTTP.new(host, port.to_i)
  http.ipaddr = ip unless ip == host
  http.use_ssl = true
  http.ca_file = ARGV[1]
  http.open_timeout = http.ssl_timeout = http.read_timeout = 2
  http.max_retries = 0
  answer = http.get("/")
  (answer.code == "200" ? "WORKS " : "") + "#{answer.code} #{answer.message}"
rescue StandardError => error
  "#{error.class}: #{error.message}"
end

waiting = Queue.new
File.foreach(ARGV[0], chomp: true) { |line| waiting << line.split("\t") }
waiting.close
threads = Array.new(8) do
  Thread.new do
    found = []
    while (name, host, ip, port = waiting.pop)
      found << "#{name}\t#{ask(host, ip, port).gsub(/\s+/, " ")}"
    end
    found
  end
end
puts threads.flat_map(&:value)
