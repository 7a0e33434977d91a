// What a fuzz target is: one parser, fed with any bytes. It may refuse them; it must not crash, hang, or break what it `require`s, and
// twice as many bytes may take it about twice as long, which growth.cc measures on the patterns that a target names.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::fuzz {

// Each target defines these two.
void feed(std::string_view bytes);

// Inputs of any size: begin, then `repeated` as often as it takes, then `end`. Name the ones that could be worst.
struct Pattern {
  std::string begin;
  std::string repeated;
  std::string end = {};
  std::size_t most_bytes = 1024 * 1024;  // the parser refuses larger inputs anyway
};
std::vector<Pattern> patterns();

// Ends the process with that sentence when it is not so: the input is kept as a crash.
void require(bool good, std::string_view what);

// Cuts the front off the input, up to a NUL (or all of it): targets with several texts take them one by one.
std::string_view take_text(std::string_view& bytes);
// One byte of choice; 0 when nothing is left.
unsigned char take_byte(std::string_view& bytes);

}  // namespace postrider::fuzz
