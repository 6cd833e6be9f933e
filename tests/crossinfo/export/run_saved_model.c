/* Runs signatures of a SavedModel by TensorFlow's C API alone: the loader and the session of TensorFlow Serving.

   run_saved_model EXPORT < SCRIPT, where SCRIPT holds any number of

     in OPERATION INDEX float|string FILE DIMS...    feeds a tensor from a file: raw float32, or one string
     out OPERATION INDEX FILE                        fetches a tensor into a file: its raw bytes
     run                                             runs the session on what was listed since the last run */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tensorflow/c/c_api.h>
#include <tensorflow/c/tf_tstring.h>

#define MOST 16

static TF_Status* status;

static void check(int good, const char* what) {
  if (good && TF_GetCode(status) == TF_OK) return;
  fprintf(stderr, "%s: %s\n", what, TF_Message(status));
  exit(1);
}

static char* read_file(const char* path, size_t* size) {
  FILE* file = fopen(path, "rb");
  check(file != NULL, path);
  fseek(file, 0, SEEK_END);
  *size = ftell(file);
  rewind(file);
  char* data = malloc(*size + 1);
  check(fread(data, 1, *size, file) == *size, path);
  fclose(file);
  return data;
}

static void write_file(const char* path, const TF_Tensor* tensor) {
  FILE* file = fopen(path, "wb");
  check(file != NULL, path);
  size_t size = TF_TensorByteSize(tensor);
  check(fwrite(TF_TensorData(tensor), 1, size, file) == size, path);
  fclose(file);
}

static TF_Tensor* make_tensor(const char* kind, const char* path, const int64_t* dims, int rank) {
  size_t size;
  char* data = read_file(path, &size);
  TF_Tensor* tensor;
  if (strcmp(kind, "string") == 0) {
    tensor = TF_AllocateTensor(TF_STRING, dims, rank, sizeof(TF_TString));
    TF_TString* text = TF_TensorData(tensor);
    TF_TString_Init(text);
    TF_TString_Copy(text, data, size);
  } else {
    tensor = TF_AllocateTensor(TF_FLOAT, dims, rank, size);
    memcpy(TF_TensorData(tensor), data, size);
  }
  free(data);
  return tensor;
}

static TF_Output find(TF_Graph* graph, const char* name, int index) {
  TF_Output found = {TF_GraphOperationByName(graph, name), index};
  check(found.oper != NULL, name);
  return found;
}

int main(int count, char** words) {
  status = TF_NewStatus();
  check(count == 2, "usage: run_saved_model EXPORT < SCRIPT");
  const char* tags[] = {"serve"};
  TF_Graph* graph = TF_NewGraph();
  TF_SessionOptions* options = TF_NewSessionOptions();
  TF_Session* session =
      TF_LoadSessionFromSavedModel(options, NULL, words[1], tags, 1, graph, NULL, status);
  check(session != NULL, words[1]);

  TF_Output inputs[MOST], outputs[MOST];
  TF_Tensor *fed[MOST], *fetched[MOST];
  char paths[MOST][1024], line[4096], name[1024], kind[16], path[1024];
  int n_in = 0, n_out = 0, index, used;
  while (fgets(line, sizeof line, stdin)) {
    if (sscanf(line, "in %1023s %d %15s %1023s%n", name, &index, kind, path, &used) == 4) {
      int64_t dims[8];
      int rank = 0;
      char* rest = line + used;
      for (char* word = strtok(rest, " \n"); word && rank < 8; word = strtok(NULL, " \n")) dims[rank++] = atoll(word);
      check(n_in < MOST, "too many inputs");
      inputs[n_in] = find(graph, name, index);
      fed[n_in++] = make_tensor(kind, path, dims, rank);
    } else if (sscanf(line, "out %1023s %d %1023s", name, &index, path) == 3) {
      check(n_out < MOST, "too many outputs");
      strcpy(paths[n_out], path);
      outputs[n_out++] = find(graph, name, index);
    } else if (strncmp(line, "run", 3) == 0) {
      TF_SessionRun(session, NULL, inputs, fed, n_in, outputs, fetched, n_out, NULL, 0, NULL, status);
      check(1, "run");
      for (int i = 0; i < n_out; i++) {
        write_file(paths[i], fetched[i]);
        TF_DeleteTensor(fetched[i]);
      }
      for (int i = 0; i < n_in; i++) TF_DeleteTensor(fed[i]);
      n_in = n_out = 0;
    }
  }
  TF_CloseSession(session, status);
  TF_DeleteSession(session, status);
  TF_DeleteGraph(graph);
  TF_DeleteSessionOptions(options);
  TF_DeleteStatus(status);
  return 0;
}
