// The running program: builds every module, floor by floor, starts the services upwards and stops them downwards.
// Nobody includes this but the commands. What is wired to what is all in wiring.cc.
#pragma once

#include "app/options.h"
#include "postrider/base/task.h"

#include <functional>
#include <memory>
#include <string>

namespace postrider::app {

struct Modules;

class Application {
 public:
  // Reads or makes the secret file. Throws std::runtime_error with the mend.
  Application(Executor executor, Options options);
  ~Application();

  // Opens the database; with `migrate`, brings it up to date, else fails when it is not.
  Task<void> open(bool migrate);
  // Starts what the roles ask for; the HTTP server last. Returns its base address, "http://127.0.0.1:8080".
  Task<std::string> serve();
  // Everything down, in reverse order. May be called twice.
  Task<void> stop();

  // For the commands.
  Modules& modules() { return *modules_; }
  // The OpenAPI document as text, without opening anything.
  std::string openapi();

 private:
  std::unique_ptr<Modules> modules_;
};

// Runs one command to its end; the exit code.
int run(Command const& command);

}  // namespace postrider::app
