// An SMTP server that takes everything and remembers each acceptance, in the instant before it says 250 to the final dot:
// what it has on record was accepted, whatever becomes of the reply. It can be told to refuse, to be slow or to swallow replies.
import net from 'node:net';

export class SmtpSink {
  accepted = [];          // { to, id, mail? } in the order of acceptance
  open = 0;               // connections
  keep = false;           // keep whole mails, too
  reply = () => '250 2.0.0 OK';   // for the final dot: (mail) => text, or null to say nothing and hang up
  rcpt = () => '250 2.1.5 OK';
  login = null;           // { username, password } wanted by AUTH PLAIN
  delay = 0;              // milliseconds before each final reply
  greeting = '220 sink.example ESMTP';

  static async start(port = 0) {
    const self = new SmtpSink();
    self.server = net.createServer((socket) => self.#serve(socket));
    await new Promise((resolve) => self.server.listen(port, '127.0.0.1', resolve));
    self.port = self.server.address().port;
    self.sockets = new Set();
    return self;
  }

  async stop() {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #serve(socket) {
    this.sockets.add(socket);
    this.open += 1;
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('close', () => {
      this.sockets.delete(socket);
      this.open -= 1;
    });
    let input = '';
    let data = false;
    let to = null;
    let authenticated = false;
    const say = (text) => socket.writable && socket.write(text + '\r\n');
    say(this.greeting);
    socket.setEncoding('latin1');
    socket.on('data', (piece) => {
      input += piece;
      for (;;) {
        if (data) {
          const end = input.startsWith('.\r\n') ? 0 : input.indexOf('\r\n.\r\n');
          if (end < 0) return;
          const mail = input.slice(0, end + 2);
          input = input.slice(end === 0 ? 3 : end + 5);
          data = false;
          this.#take(mail, to, say, socket);
          continue;
        }
        const end = input.indexOf('\r\n');
        if (end < 0) return;
        const line = input.slice(0, end);
        input = input.slice(end + 2);
        const verb = line.slice(0, 4).toUpperCase();
        if (verb === 'EHLO') say(`250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8${this.login ? '\r\n250-AUTH PLAIN LOGIN' : ''}\r\n250 SIZE 50000000`);
        else if (verb === 'AUTH') {
          const [, , given] = line.split(' ');
          const wanted = this.login && Buffer.from(`\0${this.login.username}\0${this.login.password}`).toString('base64');
          authenticated = given === wanted;
          say(authenticated ? '235 2.7.0 Welcome' : '535 5.7.8 Wrong credentials');
        } else if (verb === 'MAIL') say(this.login && !authenticated ? '530 5.7.0 Authentication required' : '250 2.1.0 OK');
        else if (verb === 'RCPT') {
          to = /<([^>]*)>/.exec(line)?.[1];
          say(this.rcpt(to));
        } else if (verb === 'DATA') {
          data = true;
          say('354 Go ahead');
        } else if (verb === 'QUIT') {
          say('221 2.0.0 Bye');
          socket.end();
        } else say('250 2.0.0 OK');
      }
    });
  }

  #take(mail, to, say, socket) {
    const text = this.reply({ to, mail });
    if (text === null || text.startsWith('2')) {
      const id = /^Message-ID:\s*<([^>]+)>/im.exec(mail)?.[1];
      this.accepted.push(this.keep ? { to, id, mail: Buffer.from(mail, 'latin1') } : { to, id });
    }
    const answer = () => (text === null ? socket.destroy() : say(text));
    if (this.delay > 0) setTimeout(answer, this.delay);
    else answer();
  }

  // Addresses that got more than one mail, with how many.
  doubled() {
    const times = new Map();
    for (const { to } of this.accepted) times.set(to, (times.get(to) ?? 0) + 1);
    return [...times].filter(([, count]) => count > 1);
  }
}
