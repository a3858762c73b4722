// The bytes of one open file into another: by sharing blocks where the filesystem can, inside the
// kernel otherwise, by hand as the last resort. Holes stay holes.
#pragma once

namespace botbottle::files {

// From where both descriptors stand to the source's end. False, with errno set, when it cannot.
bool copy_content(int source, int target);

}  // namespace botbottle::files
