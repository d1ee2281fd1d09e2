// A chat: what one client writes is sent to all others, line by line. Try it with several `nc 127.0.0.1 PORT`.
//
// Each client has a bounded queue of lines that are still to be sent to it. Whoever speaks puts the line into the queues of
// the others and never waits for them: a client that does not read its lines fills its queue, and is dropped then, by
// policy. So one slow reader neither holds up the room nor makes the server's memory grow.
//
// Usage: 32_line_chat [PORT]
//
// SPDX-License-Identifier: MIT

#include <eddy/eddy.hpp>
#include <eddy/io.hpp>

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <system_error>
#include <unordered_set>

constexpr std::size_t kMostLines = 100;  // that wait for a client

struct Client {
  explicit Client(eddy::SocketStream its_stream) : stream(std::move(its_stream)) {}
  eddy::SocketStream stream;
  eddy::Queue<std::string> lines{kMostLines};
  std::string name;
};

class Room {
 public:
  /// A client is in the room for as long as this lives, however its task ends.
  class Stay {
   public:
    Stay(Room& room, Client& client) : room_(room), client_(client) { room_.clients_.insert(&client_); }
    Stay(const Stay&) = delete;
    Stay& operator=(const Stay&) = delete;
    ~Stay() { room_.clients_.erase(&client_); }

   private:
    Room& room_;
    Client& client_;
  };
  void tell_all_but(const Client& speaker, const std::string& line) {
    for (Client* client : clients_) {
      if (client == &speaker) continue;
      if (client->lines.full()) {
        client->stream.abort();  // its tasks end by ClosedResourceError
      } else {
        client->lines.put_nowait(line);
      }
    }
  }

 private:
  std::unordered_set<Client*> clients_;
};

eddy::Task<> send_lines(Client& client) {
  while (true) {
    const std::string line = co_await client.lines.get();
    co_await client.stream.write(line);
  }
}

eddy::Task<> receive_lines(Client& client, Room& room) {
  auto lines = client.stream.lines();
  while (auto line = co_await lines.next()) room.tell_all_but(client, client.name + ": " + *line + "\n");
}

eddy::Task<> talk(eddy::SocketStream stream, Room& room) {
  Client client(std::move(stream));
  co_await client.stream.write("Your name? ");
  client.name = co_await client.stream.read_line();
  if (client.name.empty()) co_return;
  client.name.pop_back();

  const Room::Stay stay(room, client);
  room.tell_all_but(client, "* " + client.name + " has come\n");
  try {
    // The first of the two that ends, by the end of the client's lines or by an error, ends the other.
    co_await eddy::race(receive_lines(client, room), send_lines(client));
  } catch (const std::system_error&) {
    // The client is gone.
  } catch (const eddy::ClosedResourceError&) {
    fmt::print(stderr, "{} was too slow\n", client.name);
  }
  room.tell_all_but(client, "* " + client.name + " has gone\n");
}

eddy::Task<> async_main(std::uint16_t port, Room& room) {
  const eddy::Server server = co_await eddy::start_server(talk, "127.0.0.1", port, {}, std::ref(room));
  fmt::print("Serving on {}\n", server.addresses().front().to_string());
  std::fflush(stdout);
  co_await server.serve_forever();
}

int main(int argc, char** argv) {
  Room room;  // outlives `run`, which ends the connections that are open, and they leave it then
  try {
    eddy::run(async_main(static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 0), room));
  } catch (const eddy::KeyboardInterrupt&) {
  }
}
