// RuntimeDirectory: the bottle's directory of sockets, made so that nobody else can put anything
// there.
//
//   <runtime_dir>/           0700, ours; `control.sock` lies here, where no bottle sees it
//   <runtime_dir>/sockets/   what is shown to the bottle; 0711 when the bottle runs as someone else
//
// All work is relative to descriptors of directories that were opened without following symlinks
// and found to be ours, so that a path that is changed meanwhile leads nowhere else.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "control/descriptor.h"
#include "warden/launch_request.h"

namespace botbottle::warden {

// Where a socket that a bottle may see lies.
std::string socket_path(const std::string& runtime_dir, std::string_view name);

class RuntimeDirectory {
  public:
    // Makes what is missing. Refuses a directory or symlink that is not ours or is open to others.
    // `path` exists, or can be made in its parent.
    static Result<RuntimeDirectory> open(const std::string& path,
                                         const std::optional<Owner>& owner);
    RuntimeDirectory(RuntimeDirectory&&) noexcept = default;
    RuntimeDirectory& operator=(RuntimeDirectory&&) = delete;
    // Removes what was made here, and the directories that are empty then.
    ~RuntimeDirectory();

    // A listening socket for the host alone, beside the directory that the bottle sees. Refuses
    // when someone already listens there.
    Result<control::Descriptor> listen_for_host(std::string_view name);

    // A listening socket for the bottle. Its user is the owner; without the right to give it away
    // (an engine with subordinate uids) it is open to every user that the directory is shown to.
    Result<control::Descriptor> listen_for_bottle(std::string_view name);

    std::string host_path(std::string_view name) const;
    std::string bottle_path(std::string_view name) const { return socket_path(path_, name); }

  private:
    struct Socket {
        int directory;
        std::string name;
    };

    RuntimeDirectory(std::string path, const std::optional<Owner>& owner,
                     control::Descriptor directory, control::Descriptor sockets);

    Result<control::Descriptor> listen(int directory, std::string_view name);

    std::string path_;
    std::optional<Owner> owner_;  // only when it is another user than ours
    control::Descriptor directory_;
    control::Descriptor sockets_;
    std::vector<Socket> bound_;
};

}  // namespace botbottle::warden
