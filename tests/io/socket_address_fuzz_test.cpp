// Random texts and texts that are nearly addresses: none crashes the parser, and what parses comes back as it was.
//
// SPDX-License-Identifier: MIT
#include <eddy/io/socket_address.hpp>

#include "support/address_rules.hpp"
#include "support/run.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

using namespace test;

namespace {

// SplitMix64.
class Random {
public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::size_t below(std::size_t limit) {
    std::uint64_t z = (state_ += 0x9e37'79b9'7f4a'7c15);
    z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
    return static_cast<std::size_t>((z ^ (z >> 31)) % limit);
  }

private:
  std::uint64_t state_;
};

constexpr std::array<std::string_view, 16> kGood{
    "127.0.0.1:80",
    "0.0.0.0:0",
    "255.255.255.255:65535",
    "[::1]:80",
    "[::]:1",
    "[fe80::1%lo]:80",
    "[fe80::1%1]:65535",
    "[::ffff:1.2.3.4]:8",
    "[1:2:3:4:5:6:7:8]:9",
    "example.org:443",
    "localhost:8080",
    "unix:/run/app.sock",
    "unix:relative",
    "unix:@abstract",
    "unix:%40file%25",
    "unix:@%00a%ff",
};
constexpr std::string_view kLikely = "0123456789abcdefgxAF:.[]%@/ -+unix\n\0\xff";

std::string random_text(Random& random) {
  std::string text;
  const std::size_t size = random.below(24);
  const bool likely = random.below(2) == 0;
  for (std::size_t i = 0; i < size; ++i)
    text += likely ? kLikely[random.below(kLikely.size())] : static_cast<char>(random.below(256));
  return text;
}

// A good text with a few changes, among them none.
std::string mutated(Random& random) {
  std::string text(kGood[random.below(kGood.size())]);
  for (std::size_t changes = random.below(4); changes > 0; --changes) {
    const std::size_t at = random.below(text.size() + 1);
    const std::string_view other = kGood[random.below(kGood.size())];
    switch (random.below(6)) {
      case 0:
        text.insert(at, 1, kLikely[random.below(kLikely.size())]);
        break;
      case 1:
        text.erase(at, 1);
        break;
      case 2:
        text.erase(at, random.below(8));
        break;
      case 3:
        text.insert(at, other.substr(random.below(other.size())));
        break;
      case 4:
        text.insert(at, random.below(random.below(8) == 0 ? 120 : 8), kLikely[random.below(kLikely.size())]);
        break;
      default:
        if (at < text.size()) text[at] = static_cast<char>(random.below(256));
    }
  }
  return text;
}

}  // namespace

TEST_CASE("200,000 texts and near-addresses neither crash the parser nor change on their way through it",
          "[io][large]") {
  constexpr std::uint64_t kTexts = 200'000;
  AddressRules rules;
  Random random(2026);
  for (std::uint64_t i = 0; i < kTexts; ++i) {
    const std::string text = i % 4 == 0 ? random_text(random) : mutated(random);
    std::string broken = rules.broken_by(text);
    if (broken.empty() && i % 16 < 2) broken = rules.broken_by_part(text);
    if (broken.empty()) continue;
    FAIL("text " << i << ", " << eddy::detail::quoted(text) << ": " << broken);
  }
  CHECK(rules.parsed > kTexts / 5);
  CHECK(rules.parsed < kTexts - kTexts / 5);
}
