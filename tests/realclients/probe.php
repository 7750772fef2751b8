<?php
// Asks each address of a file ("name TAB host TAB ip TAB port" a line) with PHP's own streams, and
// prints "name TAB what was seen".

function ask(string $host, string $ip, string $port): string
{
    $said = [];
    set_error_handler(function (int $level, string $text) use (&$said): bool {
        $said[] = $text;
        return true;
    });
    $context = stream_context_create([
        "ssl" => ["cafile" => $GLOBALS["argv"][2], "peer_name" => $host],
        "http" => ["header" => "Host: $host", "timeout" => 2, "ignore_errors" => true],
    ]);
    $body = file_get_contents("https://$ip:$port/", false, $context);
    restore_error_handler();
    $status = $http_response_header[0] ?? "";
    if ($body !== false && str_contains($status, " 200 ")) {
        return "WORKS $status";
    }
    return implode(" ", $said) . " " . $status . " " . $body;
}

ini_set("default_socket_timeout", "2");
foreach (file($argv[1], FILE_IGNORE_NEW_LINES) as $line) {
    [$name, $host, $ip, $port] = explode("\t", $line);
    echo $name, "\t", preg_replace('/\s+/', " ", ask($host, $ip, $port)), "\n";
}
