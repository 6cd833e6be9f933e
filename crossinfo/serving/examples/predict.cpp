// Joints of the hand in a depth PNG, as JSON. Needs nothing but POSIX sockets:
//   g++ -std=c++17 -o predict predict.cpp && ./predict localhost 8501 frame.png 363.9,363.9,255.4,206.3
#include <netdb.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

std::string base64(const std::string& data) {
  const char* digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < data.size(); i += 3) {
    unsigned word = 0;
    for (size_t k = i; k < i + 3; ++k) word = word << 8 | (k < data.size() ? (unsigned char)data[k] : 0);
    for (size_t k = 0; k < 4; ++k) text += i + k > data.size() ? '=' : digits[word >> (18 - 6 * k) & 63];
  }
  return text;
}

int main(int count, char** words) {
  if (count != 5) return std::cerr << "usage: predict HOST PORT PNG FX,FY,CX,CY\n", 2;
  std::ifstream file(words[3], std::ios::binary);
  if (!file) return std::cerr << "error: cannot read " << words[3] << "\n", 2;
  const std::string image((std::istreambuf_iterator<char>(file)), {});
  const std::string body = "{\"signature_name\": \"png\", \"instances\": [{\"camera\": [" + std::string(words[4]) +
                           "], \"image_bytes\": {\"b64\": \"" + base64(image) + "\"}}]}";
  const std::string request = "POST /v1/models/hand:predict HTTP/1.0\r\nHost: " + std::string(words[1]) +
                              "\r\nContent-Type: application/json\r\nContent-Length: " +
                              std::to_string(body.size()) + "\r\n\r\n" + body;
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  if (getaddrinfo(words[1], words[2], &hints, &found)) return std::cerr << "error: unknown host\n", 2;
  const int socket_fd = socket(found->ai_family, found->ai_socktype, 0);
  if (connect(socket_fd, found->ai_addr, found->ai_addrlen)) return std::cerr << "error: no server there\n", 2;
  for (size_t sent = 0; sent < request.size();) {
    const ssize_t wrote = write(socket_fd, request.data() + sent, request.size() - sent);
    if (wrote <= 0) return std::cerr << "error: the connection broke\n", 2;
    sent += wrote;
  }
  std::string answer;
  char piece[65536];
  for (ssize_t got; (got = read(socket_fd, piece, sizeof piece)) > 0;) answer.append(piece, got);
  std::cout << answer.substr(answer.find("\r\n\r\n") + 4) << "\n";
  return answer.find(" 200 ") == 8 ? 0 : 2;
}
