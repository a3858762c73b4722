const origin = process.env.ORIGIN;

async function ask(url, body) {
  const response = await fetch(url, body ? {method: "POST", body} : {});
  return [response.status, await response.text()];
}

function overWebSocket(url) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    socket.onopen = () => socket.send("a message about finches");
    socket.onmessage = (event) => { socket.close(); resolve(event.data); };
    socket.onerror = (event) => reject(new Error(event.message ?? "the socket failed"));
  });
}

const found = {
  hello: await ask(`${origin}/v1/hello`),
  digest: await ask(`${origin}/v1/digest`, "finch ".repeat(50000)),
  stream: await ask(`${origin}/v1/stream`),
  closed_path: (await ask(`${origin}/private`))[0],
};
try {
  found.closed_host = (await ask("https://elsewhere.example.com/"))[0];
} catch (error) {
  found.closed_host = error.name;
}
if (process.env.SOCKET === "1") found.socket = await overWebSocket(`${origin.replace("https", "wss")}/v1/socket`);
console.log(JSON.stringify(found));
