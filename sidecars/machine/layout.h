// Where things lie in a machine (docs/backends.md, smolmachines). The backend mounts them there;
// the bottle's own view covers all of them.
#pragma once

namespace botbottle::machine {

constexpr const char* kRoot = "/opt/botbottle";
constexpr const char* kIn = "/opt/botbottle/in";  // read-only: programs, filter, requests
constexpr const char* kOut = "/opt/botbottle/out";
constexpr const char* kEtc = "/opt/botbottle/etc";  // read-only
constexpr const char* kHome = "/opt/botbottle/home";
constexpr const char* kWorkspace = "/opt/botbottle/workspace";
constexpr const char* kSockets = "/opt/botbottle/sockets";

constexpr const char* kRelay = "/opt/botbottle/in/botbottle-relay";
constexpr const char* kFilter = "/opt/botbottle/in/filter";
constexpr const char* kFailure = "/opt/botbottle/out/failure";  // why `enter` ended
constexpr const char* kSessions = "/run/botbottle.sock";

}  // namespace botbottle::machine
