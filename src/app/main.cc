#include "app/application.h"
#include "app/options.h"
#include "postrider/base/fail_point.h"

#include <clocale>
#include <exception>
#include <iostream>

// The last of the four catches: what nobody expected ends the process with one sentence.
int main(int argc, char** argv) {
  std::setlocale(LC_CTYPE, "C.UTF-8");
  postrider::fail_point::arm_from_environment();
  auto const parsed = postrider::app::parse_arguments(argc, argv);
  if (!parsed.command) return parsed.exit_code;
  try {
    return postrider::app::run(*parsed.command);
  } catch (std::exception const& error) {
    std::cerr << "postrider: " << error.what() << "\n";
    return 1;
  }
}
