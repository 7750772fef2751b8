// Asks each address of a file ("name TAB host TAB ip TAB port" a line), as fetch and https do, and
// prints "name TAB what was seen".
import fs from "node:fs";
import https from "node:https";

const roots = fs.readFileSync(process.argv[3]);
const lines = fs.readFileSync(process.argv[2], "utf8").trimEnd().split("\n");

function ask(line) {
  const [name, host, ip, port] = line.split("\t");
  return new Promise((resolve) => {
    const request = https.request(
      { host: ip, port, servername: host, headers: { Host: host }, ca: roots, agent: false },
      (response) => {
        let body = "";
        response.on("data", (part) => (body += part));
        const works = response.statusCode === 200;
        response.on("end", () =>
          resolve(`${name}\t${works ? "WORKS " : ""}${response.statusCode} ${body.replace(/\s+/g, " ")}`),
        );
      },
    );
    request.setTimeout(2000, () => request.destroy(new Error("no answer in time")));
    request.on("error", (error) =>
      resolve(`${name}\t${error.code}: ${String(error.message).replace(/\s+/g, " ")}`),
    );
    request.end();
  });
}

for (const line of await Promise.all(lines.map(ask))) console.log(line);
